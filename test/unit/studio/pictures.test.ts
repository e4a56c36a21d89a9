import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { readRecipe } from '../../../engine/image/encode.ts';
import { fileName } from '../../../engine/studio/file-name.ts';
import { holds, questionsOf } from '../../../engine/studio/self-check.ts';
import { chatOfEdit, plainPng } from '../../helpers/library.ts';
import { openStudio, type TestStudio } from '../../helpers/studio.ts';

const SIDE = 64;
let opened: TestStudio;

before(async () => {
  opened = await openStudio();
});
after(() => opened.studio.close());

const importPicture = (bytes: Uint8Array, name = 'a picture.png') =>
  opened.studio.call('versions.import', { chatId: null, name, bytes });

/** A grey square, its left third a colour. */
async function striped(colour: string, ground = '#808080'): Promise<Buffer> {
  const stripe = { create: { width: 20, height: SIDE, channels: 3 as const, background: colour } };
  const square = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: ground } });
  return square
    .composite([{ input: stripe, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

async function pixelAt(id: string, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(await opened.studio.picture(id))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (y * info.width + x) * info.channels;
  return [...data.subarray(at, at + 3)];
}

test('crop, rotate and flip are new versions; the picture itself stays', async () => {
  const { id } = await importPicture(await striped('red'));
  const change = (transformation: object) =>
    opened.studio.call('versions.transform', { versionId: id, transformation: transformation as never });
  const flipped = await change({ kind: 'flip', axis: 'horizontal' });
  assert.deepEqual(await pixelAt(flipped.id, SIDE - 1, 0), [255, 0, 0]);
  const turned = await change({ kind: 'rotate', quarterTurns: 1 });
  assert.deepEqual(await pixelAt(turned.id, SIDE - 1, 5), [255, 0, 0]);
  assert.deepEqual(await pixelAt(turned.id, 0, SIDE - 1), [128, 128, 128]);
  const cropped = await change({ kind: 'crop', left: 10, top: 0, width: 30, height: 16 });
  assert.deepEqual([cropped.width, cropped.height, cropped.parentId, cropped.kind], [30, 16, id, 'crop']);
  assert.deepEqual(await pixelAt(id, 0, 0), [255, 0, 0]);
  for (const [left, width] of [
    [-1, 10],
    [60, 10],
    [0, 0],
  ])
    await assert.rejects(change({ kind: 'crop', left, top: 0, width, height: 5 }), { code: 'bad-picture' });
});

/** An edit and its source, brought in as a chat from elsewhere. @returns the edit's id. */
async function editOf(source: Buffer, edit: Buffer): Promise<string> {
  const chat = await opened.studio.call('chats.import', { bytes: await chatOfEdit(source, edit) });
  return (await opened.studio.call('chats.get', { chatId: chat.id })).versions[1]!.id;
}

test('drift tells the changed area from what should have stayed, and blending lays the rest back', async () => {
  const id = await editOf(await striped('red'), await striped('blue', '#8c8c8c'));
  const drift = await opened.studio.call('versions.drift', { versionId: id });
  assert.ok(drift.changedShare > 0.25 && drift.changedShare < 0.45, `${drift.changedShare}`);
  assert.ok(drift.outsideShare > 0.5, `${drift.outsideShare}`);
  const heat = await sharp(drift.heatMap).metadata();
  assert.deepEqual([heat.width, heat.height], [SIDE, SIDE]);
  const half = await opened.studio.call('versions.blend', { versionId: id, strength: 0.5 });
  assert.deepEqual(await pixelAt(half.id, SIDE - 2, 30), [134, 134, 134]);
  const all = await opened.studio.call('versions.blend', { versionId: id, strength: 1 });
  assert.deepEqual(await pixelAt(all.id, SIDE - 2, 30), [128, 128, 128]);
  assert.deepEqual(await pixelAt(all.id, 2, 30), [0, 0, 255]);
  assert.deepEqual([all.kind, all.parentId], ['blend', id]);
  const ofHalf = await opened.studio.call('versions.drift', { versionId: half.id });
  assert.deepEqual(ofHalf.changedShare, drift.changedShare);
  const again = await opened.studio.call('versions.blend', { versionId: half.id, strength: 1 });
  assert.deepEqual(await pixelAt(again.id, SIDE - 2, 30), [128, 128, 128]);
});

test('before and after: the source on the left, the edit on the right, said to be made by a model', async () => {
  const id = await editOf(await striped('red'), await striped('blue'));
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const { name, bytes } = await opened.studio.call('versions.beforeAfter', { versionId: id, format });
    assert.match(name, /before and after\.(png|jpg|webp)$/);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [2 * SIDE + 1, SIDE]);
    const at = (x: number) => [...data.subarray(x * info.channels, x * info.channels + 3)];
    const isNear = (x: number, colour: number[]) =>
      at(x).every((value, i) => Math.abs(value - colour[i]!) < 40);
    assert.ok(isNear(4, [255, 0, 0]) && isNear(SIDE + 5, [0, 0, 255]), `${at(4)} and ${at(SIDE + 5)}`);
    assert.ok(Buffer.from(bytes).includes('trainedAlgorithmicMedia'), format);
  }
});

test('equal pictures do not drift; a picture without a source says so', async () => {
  const same = await editOf(await striped('red'), await striped('red'));
  const drift = await opened.studio.call('versions.drift', { versionId: same });
  assert.deepEqual([drift.changedShare, drift.outsideShare], [0, 0]);
  const { id } = await importPicture(await plainPng('red'));
  await assert.rejects(opened.studio.call('versions.drift', { versionId: id }), { code: 'unavailable' });
});

test('exports: each format, several as one zip, no notes of the original left', async () => {
  const withPlace = await sharp(await striped('red'))
    .withExif({ IFD0: { Copyright: 'secret place' } })
    .jpeg()
    .toBuffer();
  const { id } = await importPicture(withPlace, 'a <b>/../c?.jpg');
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const { name, bytes } = await opened.studio.call('versions.export', {
      versionIds: [id],
      format,
      recipe: true,
    });
    assert.doesNotMatch(name, /[<>/?]|\.\./);
    assert.equal((await sharp(bytes).metadata()).format, format);
    assert.ok(!Buffer.from(bytes).includes('secret place'));
  }
  const zip = await opened.studio.call('versions.export', {
    versionIds: [id, id],
    format: 'png',
    recipe: false,
  });
  assert.match(zip.name, /\.zip$/);
  assert.equal(Object.keys(unzipSync(zip.bytes)).length, 2);
});

test('a file that is no picture is refused with a reason', async () => {
  const animated = await sharp(await plainPng('red'))
    .gif()
    .toBuffer();
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>',
  );
  const cut = (await striped('red')).subarray(0, 90);
  for (const bytes of [Buffer.alloc(0), Buffer.from('<html>'), animated, svg, cut])
    await assert.rejects(importPicture(bytes), { code: 'bad-picture' });
  assert.deepEqual(readRecipe(cut), { recipe: undefined, text: undefined });
});

test('questions of a prompt name its things and colours, not its places', () => {
  const cases: readonly (readonly [string, string[]])[] = [
    ['a red apple', ['is there an apple? yes', 'is the apple red? yes']],
    [
      'a small blue fire truck and a cat on a green background',
      [
        'is there a fire truck? yes',
        'is the fire truck blue? yes',
        'is there a cat? yes',
        'what colour is the background? green',
      ],
    ],
    ['make the car green', ['is there a car? yes', 'is the car green? yes']],
    ['change the background to pink', ['what colour is the background? pink']],
    [
      'replace the apple with a red rocket',
      ['is there an apple? no', 'is there a rocket? yes', 'is the rocket red? yes'],
    ],
    ['remove the dog', ['is there a dog? no']],
    ['', []],
    ['sunset over hills', []],
  ];
  for (const [prompt, expected] of cases) {
    const asked = questionsOf(prompt).map(({ question, expects }) => `${question} ${expects}`);
    assert.deepEqual(asked, expected, prompt);
  }
});

test('no prompt is too long or too strange to find its questions in', () => {
  for (const part of ['replace ', ' ', 'an ', 'a-', 'background ', 'make the a'])
    assert.ok(questionsOf(`replace ${part.repeat(20_000 / part.length)}`).length <= 6);
});

test('an answer agrees by its first word, or by the colour it holds', () => {
  assert.ok(holds('Yes, there is.', 'yes') && holds('"no"', 'no') && holds('a Pink background', 'pink'));
  assert.ok(
    !holds('No, yes', 'yes') && !holds('', 'yes') && !holds('yesterday', 'yes') && !holds('pinkish', 'pink'),
  );
});

test('file names hold no path, no control characters, and are never empty', () => {
  assert.equal(fileName('../../etc/passwd', 'png'), 'etc passwd.png');
  assert.equal(fileName('\u202egnp.exe\0', 'png'), 'gnp exe.png');
  assert.equal(fileName('???', 'zip'), 'Tusk.zip');
  assert.equal([...fileName('🍎'.repeat(100), 'png')].length, 64);
});
