/**
 * How an edit differs from its source. A pixel counts as changed on purpose where the two differ plainly, with a
 * margin around it; a smaller difference elsewhere is drift, which can be laid back.
 */
import sharp, { type Sharp } from 'sharp';
import type { Picture } from './picture.ts';
import { resize } from './resize.ts';
import { pixelsOf } from './transform.ts';

/** Grey levels: above it a smoothed difference is a change, above the other one it can be seen. */
const CHANGED_FROM = 32;
const SEEN_FROM = 6;
const SMOOTHING_SIGMA = 1.5;
/** Of the shorter side. */
const MARGIN_SHARE = 0.03;
/** An edit that changes more of the picture than this, or all of it visibly, is meant for all of it, as one of style is. */
const LOCAL_SHARE = 0.5;
/** Grey levels: drift goes up and down; what shifts a colour by more, on average, is a change of tone or ground. */
const MOST_SHIFT = 4;

export interface Drift {
  /** Share of pixels changed on purpose, 0 to 1. */
  changedShare: number;
  /** Share of all pixels that differ visibly outside of it, 0 to 1. */
  outsideShare: number;
  /** What was changed on purpose is a part of the picture: then the rest should have stayed. */
  isLocal: boolean;
  /** PNG of the edit's size: black = equal, through blue and magenta to white = all different. */
  heatMap: Uint8Array;
}

export async function measureDrift(source: Uint8Array, edit: Uint8Array): Promise<Drift> {
  const change = await readChange(source, edit);
  return { ...extentOf(change), heatMap: await heatMapOf(change.difference, change.pair.edit) };
}

/** @returns a local edit with the source wherever nothing was changed on purpose; undefined if there is nothing to bring back. */
export async function guardEdit(source: Uint8Array, edit: Uint8Array): Promise<Picture | undefined> {
  const change = await readChange(source, edit);
  const { isLocal, outsideShare } = extentOf(change);
  return isLocal && outsideShare > 0 ? mixed(change.pair, change.changed, 1) : undefined;
}

/** @param strength 0 = the edit as it is, 1 = the source wherever nothing was changed on purpose. */
export async function blendBack(source: Uint8Array, edit: Uint8Array, strength: number): Promise<Picture> {
  const { pair, changed } = await readChange(source, edit);
  return mixed(pair, changed, strength);
}

/**
 * An edit made at another size on its source as it is: the source wherever nothing was changed on purpose, the edit,
 * resized, where something was.
 * @param seen the source at the edit's size, as the model saw it
 * @returns the size of `source`
 */
export async function layBack(source: Picture, seen: Picture, edit: Picture): Promise<Picture> {
  const changed = await changedArea(await smoothDifference({ source: seen, edit }), edit);
  const { width, height } = source;
  const mask = await greyBytes(greyPicture(changed, edit).resize(width, height, { fit: 'fill' }));
  return mixed({ source, edit: resize(edit, source, 'bicubic') }, mask, 1);
}

const WHITE = 255;
const HALF = 127;

/** Of one size. */
interface Pair {
  source: Picture;
  edit: Picture;
}

interface Change {
  pair: Pair;
  /** Grey levels a pixel, smoothed. */
  difference: Uint8Array;
  /** 255 = changed on purpose. */
  changed: Uint8Array;
}

async function readChange(source: Uint8Array, edit: Uint8Array): Promise<Change> {
  const pair = await readPair(source, edit);
  const difference = await smoothDifference(pair);
  return { pair, difference, changed: await changedArea(difference, pair.edit) };
}

function extentOf({ pair: { source, edit }, difference, changed }: Change): Omit<Drift, 'heatMap'> {
  let changedPixels = 0;
  let driftedPixels = 0;
  const shift = [0, 0, 0];
  for (const [index, level] of difference.entries()) {
    if (changed[index]! > HALF) {
      changedPixels += 1;
      continue;
    }
    if (level > SEEN_FROM) driftedPixels += 1;
    for (let c = 0; c < 3; c++) shift[c]! += edit.pixels[index * 3 + c]! - source.pixels[index * 3 + c]!;
  }
  const total = difference.length;
  const [changedShare, outsideShare] = [changedPixels / total, driftedPixels / total];
  const isShifted = shift.some((sum) => Math.abs(sum) > MOST_SHIFT * (total - changedPixels));
  const isPart = changedShare > 0 && changedShare <= LOCAL_SHARE && outsideShare <= LOCAL_SHARE;
  return { changedShare, outsideShare, isLocal: isPart && !isShifted };
}

/** Both at the size of the edit. */
async function readPair(source: Uint8Array, edit: Uint8Array): Promise<Pair> {
  const after = await pixelsOf(sharp(edit));
  const resized = sharp(source).resize(after.width, after.height, { fit: 'fill' });
  return { source: await pixelsOf(resized), edit: after };
}

/** @param changed 255 = the edit alone, one level a pixel; elsewhere as much of the source as `strength` says. */
function mixed({ source, edit }: Pair, changed: Uint8Array, strength: number): Picture {
  const pixels = new Uint8Array(edit.pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const ofSource = strength * (1 - changed[Math.floor(i / 3)]! / WHITE);
    pixels[i] = Math.round(source.pixels[i]! * ofSource + edit.pixels[i]! * (1 - ofSource));
  }
  return { width: edit.width, height: edit.height, pixels };
}

/** The largest difference of the three colours, smoothed, in grey levels. */
async function smoothDifference({ source, edit }: Pair): Promise<Uint8Array> {
  const largest = new Uint8Array(edit.width * edit.height);
  for (let i = 0; i < largest.length; i++) {
    for (let at = i * 3; at < i * 3 + 3; at++)
      largest[i] = Math.max(largest[i]!, Math.abs(source.pixels[at]! - edit.pixels[at]!));
  }
  return greyBytes(greyPicture(largest, edit).blur(SMOOTHING_SIGMA));
}

/** 255 = changed on purpose, with a soft edge. */
async function changedArea(difference: Uint8Array, { width, height }: Picture): Promise<Uint8Array> {
  const plain = difference.map((level) => (level > CHANGED_FROM ? WHITE : 0));
  const margin = Math.max(1, Math.round(Math.min(width, height) * MARGIN_SHARE));
  // Sharp takes what is black for the foreground: its erode lets white grow.
  const grown = await greyBytes(greyPicture(plain, { width, height }).erode(margin));
  return greyBytes(greyPicture(grown, { width, height }).blur(Math.max(0.5, margin / 2)));
}

/** Lightness grows evenly from dark blue to near white, so that it reads without colour too. */
const HEAT: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
];

async function heatMapOf(difference: Uint8Array, { width, height }: Picture): Promise<Uint8Array> {
  const colours = Array.from({ length: WHITE + 1 }, (_, level) => heatColour(level / WHITE));
  const pixels = new Uint8Array(difference.length * 3);
  for (const [index, level] of difference.entries()) pixels.set(colours[level]!, index * 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function heatColour(value: number): number[] {
  const at = value * (HEAT.length - 1);
  const from = HEAT[Math.floor(at)]!;
  const to = HEAT[Math.ceil(at)]!;
  return from.map((low, c) => Math.round(low + (to[c]! - low) * (at - Math.floor(at))));
}

const greyPicture = (bytes: Uint8Array, { width, height }: { width: number; height: number }) =>
  sharp(bytes, { raw: { width, height, channels: 1 } });

async function greyBytes(picture: Sharp): Promise<Uint8Array> {
  return new Uint8Array(await picture.toColourspace('b-w').raw().toBuffer());
}
