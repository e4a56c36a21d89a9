/** Whether the memory that is free now is enough for a picture, and the next smaller choice where it isn't. */
import type { CheckpointInfo } from '../protocol.ts';
import type { ModelCard, StudioAnswer } from '../studio-protocol.ts';

type Size = { width: number; height: number };
type Needs = Pick<CheckpointInfo, 'memoryBytes' | 'memoryBytesPerPixel' | 'defaults'>;

export interface Room {
  freeBytes: number;
  /** The engine's process holds the model's networks already. */
  isWarm: boolean;
}

/** Sides that every model of this layout can make. */
const SIDE_UNIT = 32;

/** What there is for a new process, container limits included. */
export const freeMemory = (): number => process.availableMemory();

/** @param size absent = the model's own. @param others cards of the models that may stand in. */
export function checkMemory(
  verb: 'create' | 'edit',
  size: Size | undefined,
  info: Needs,
  room: Room,
  others: readonly ModelCard[],
): StudioAnswer<'models.check'> {
  const { freeBytes } = room;
  const wanted = size ?? info.defaults.size;
  const needsBytes = needed(verb, wanted, info, room);
  if (needsBytes <= freeBytes) return { fits: true, needsBytes, freeBytes, smallerSize: null, modelId: null };
  const fits = (smaller: Size) => needed(verb, smaller, info, room) <= freeBytes;
  // An edit has its source's size, so only another model can be smaller.
  const smallerSize = verb === 'create' ? (halvings(wanted).find(fits) ?? null) : null;
  const model = others
    .filter((card) => !card.inUse && card.problem === null && card.needsBytes > 0)
    .sort((a, b) => b.needsBytes - a.needsBytes)
    .find((card) => card.needsBytes <= freeBytes);
  return { fits: false, needsBytes, freeBytes, smallerSize, modelId: model?.id ?? null };
}

function needed(verb: 'create' | 'edit', size: Size, info: Needs, { isWarm }: Room): number {
  const further = Math.max(0, pixels(size) - pixels(info.defaults.size)) * info.memoryBytesPerPixel;
  return further + (isWarm ? 0 : info.memoryBytes[verb]);
}

const pixels = ({ width, height }: Size): number => width * height;

/** Half the sides, a quarter and so on, down to the unit. */
function halvings({ width, height }: Size): Size[] {
  const half = (side: number) => Math.floor(side / 2 / SIDE_UNIT) * SIDE_UNIT;
  const next = { width: half(width), height: half(height) };
  return next.width > 0 && next.height > 0 ? [next, ...halvings(next)] : [];
}
