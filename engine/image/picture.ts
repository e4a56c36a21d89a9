import { TuskError } from '../errors.ts';

/** 8-bit RGB, row by row from the top left: 3 bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** height * width * 3 bytes. */
  readonly pixels: Uint8Array;
}

export interface Size {
  height: number;
  width: number;
}

export function badPicture(message: string, hint: string, cause?: unknown): TuskError {
  return new TuskError('bad-picture', message, { hint, cause });
}
