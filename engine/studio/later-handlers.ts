import { TuskError } from '../errors.ts';
import type { Handlers } from './parts.ts';

const later = (): never => {
  throw new TuskError('unavailable', "This can't be done yet.");
};
export const laterHandlers = {
  'chats.export': later,
  'chats.import': later,
  'versions.transform': later,
  'versions.drift': later,
  'versions.blend': later,
  'versions.selfCheck': later,
  'versions.upscale': later,
  'versions.import': later,
  'versions.export': later,
  'versions.timelapse': later,
} satisfies Partial<Handlers>;
