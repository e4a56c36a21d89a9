/**
 * A picture that was stopped while it was denoised, as a safetensors file: its plan, the states harvested with it,
 * latents and velocity. The same request goes on from there and gives the picture it would have given.
 */
import { basename } from 'node:path';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { encodeSafetensors, type WrittenTensor } from './checkpoint/write-safetensors.ts';
import { TuskError } from './errors.ts';
import type { PlannedPicture } from './picture-stages.ts';
import { type FloatTensor, floatTensor } from './runtime/tensor.ts';

export interface Unfinished {
  planned: PlannedPicture;
  /** Denoising steps that are done. */
  step: number;
  /** After that step. */
  latents: FloatTensor;
  /** Of that step; the second-order solver goes on from it. */
  velocity?: FloatTensor;
}

/** What was asked for, as JSON can hold it. */
export type Asked = Readonly<Record<string, unknown>>;

interface Notes {
  asked: string;
  step: number;
  promptLength: number;
}

export function encodeUnfinished({ planned, step, latents, velocity }: Unfinished, asked: Asked): Uint8Array {
  const { ids, promptLength, states } = planned;
  const notes: Notes = { asked: JSON.stringify(asked), step, promptLength };
  const text = new TextEncoder().encode(JSON.stringify(notes));
  return encodeSafetensors({
    latents: asFloats(latents),
    ...(velocity && { velocity: asFloats(velocity) }),
    ...(states && { states: asFloats(states) }),
    ids: { dtype: 'I32', shape: [ids.length], data: Int32Array.from(ids) },
    notes: { dtype: 'U8', shape: [text.length], data: text },
  });
}

const asFloats = ({ shape, data }: FloatTensor): WrittenTensor => ({ dtype: 'F32', shape, data });

/**
 * @param asked the request that wants to go on
 * @throws TuskError of the checkpoint's reader; `bad-setting` if the file belongs to another request or model
 */
export async function readUnfinished(path: string, asked: Asked): Promise<Unfinished> {
  const file = await Checkpoint.ofFile(path);
  const text = Buffer.from(Uint8Array.from(await file.read('notes'))).toString('utf8');
  const notes = JSON.parse(text) as Notes;
  if (notes.asked !== JSON.stringify(asked))
    throw new TuskError('bad-setting', `${basename(path)} was begun with another model or other settings.`, {
      hint: 'Choose the same again, or make the picture anew.',
    });
  const floats = async (name: string) => floatTensor(await file.read(name), file.shape(name));
  return {
    planned: {
      ids: Array.from(await file.read('ids')),
      promptLength: notes.promptLength,
      states: file.has('states') ? await floats('states') : undefined,
    },
    step: notes.step,
    latents: await floats('latents'),
    ...(file.has('velocity') && { velocity: await floats('velocity') }),
  };
}
