/** Files that people mistake for safetensors, told by their first bytes. */
import { basename } from 'node:path';
import { TuskError } from '../errors.ts';

/** Opening in lower case (white space before it is skipped) -> what the file is. */
const IMPOSTORS: readonly (readonly [opening: string, what: string])[] = [
  ['pk\u0003\u0004', 'a zip or PyTorch archive'],
  ['\u0080\u0002', 'a Python pickle'],
  ['\u0080\u0003', 'a Python pickle'],
  ['\u0080\u0004', 'a Python pickle'],
  ['\u0080\u0005', 'a Python pickle'],
  ['gguf', 'a GGUF file'],
  ['\u001f\u008b', 'a gzip archive'],
  ['\u0089hdf', 'an HDF5 file'],
  ['<!doctype html', 'an HTML page (a failed download?)'],
  ['<html', 'an HTML page (a failed download?)'],
  ['<?xml', 'an XML page (a failed download?)'],
  ['{"', 'a JSON file (a failed download?)'],
  ['version https://git-lfs', 'a git-lfs pointer: the real file was never fetched'],
];

/** Bytes that `assertNoImpostor` looks at. */
export const OPENING_BYTES = 64;
const BRACE = '{'.charCodeAt(0);

/** @throws TuskError `checkpoint-unsupported` saying what the file is instead. */
export function assertNoImpostor(path: string, start: Buffer): void {
  if (start[8] === BRACE) return;
  const text = start.toString('latin1').trimStart().toLowerCase();
  const impostor = IMPOSTORS.find(([opening]) => text.startsWith(opening));
  if (!impostor) return;
  throw new TuskError(
    'checkpoint-unsupported',
    `${basename(path)} is ${impostor[1]}, not a safetensors file.`,
    { hint: 'Point Tusk at a folder in the official layout with .safetensors weights.' },
  );
}
