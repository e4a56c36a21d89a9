/**
 * The parts of a model that are loaded and freed as one, and the bytes each holds once it is loaded: by what its
 * tensors are stored as, not by the file's size.
 */
import {
  compiledForm,
  isCompiled,
  roundedForm,
  SMALL_NUMBERS,
  type TensorForm,
} from '../models/compiled-form.ts';
import { PARTS, type PartName } from '../placing.ts';

/** The checkpoint's own numbers, or those of its compiled copy. */
export type Form = 'source' | 'compiled';
export type Precision = 'source' | 'int8' | 'int4';

/** How the names of a part's tensors start; the first that fits counts. */
const STARTS: readonly (readonly [start: string, part: PartName])[] = [
  ['llm_model.model.visual.', 'visionEncoder'],
  ['llm_model.', 'languageModel'],
  ['gen_tokenizer.', 'visualTokenizer'],
  ['gen_transformer.', 'diffusion'],
  ['gen_vae.encoder.', 'vaeEncoder'],
  ['gen_vae.quant_conv.', 'vaeEncoder'],
  ['gen_vae.', 'vaeDecoder'],
];

/** Rows of these are looked up in the file itself, few at a time. */
const TABLE = /embed_tokens\.weight$/;
const SCALE = /\.int[48]_scale$/;
const INT4_SCALE = /\.int4_scale$/;
/** The processor's kernels keep beside each block's scale what its numbers sum up to. */
const REPACKED_SCALES = 2;
const FLOAT32_BYTES = 4;

export interface PartMemory {
  precision: Precision;
  /** Of the weights, loaded. */
  bytes: number;
}

/**
 * Part -> what it can be loaded as. A compiled checkpoint has no source form of what was rounded. `rounded`: the second
 * copy, in 8-bit numbers, that presets load of a small checkpoint.
 */
export type ModelMemory = Readonly<Record<PartName, Partial<Record<Form | 'rounded', PartMemory>>>>;

export function memoryOfParts(tensors: Iterable<TensorForm>): ModelMemory {
  const all = [...tensors];
  const hasSmall = isCompiled(all);
  const isTied = !all.some(({ name }) => name.startsWith('llm_model.lm_head.'));
  const measure = (entries: readonly TensorForm[]): PartMemory => ({
    precision: precisionOf(entries),
    bytes: entries.reduce((sum, tensor) => sum + loadedBytes(tensor, isTied), 0),
  });
  const memory = PARTS.map((part) => {
    const own = all.filter(({ name }) => partOf(name) === part);
    const found = measure(own);
    if (hasSmall && found.precision !== 'source') return [part, { compiled: found }];
    const compiled = measure(own.flatMap(compiledForm));
    const rounded = measure(own.flatMap(roundedForm));
    return [part, { source: found, ...(compiled.precision !== 'source' && { compiled, rounded }) }];
  });
  return Object.fromEntries(memory) as ModelMemory;
}

const partOf = (name: string): PartName | undefined => STARTS.find(([start]) => name.startsWith(start))?.[1];

function precisionOf(entries: readonly TensorForm[]): Precision {
  const bits = entries.map(({ name }) => SMALL_NUMBERS.exec(name)?.[1]).find(Boolean);
  return bits === undefined ? 'source' : bits === '4' ? 'int4' : 'int8';
}

/** Floats are computed with as float32, whatever they are stored as. */
function loadedBytes({ name, shape, length }: TensorForm, isTied: boolean): number {
  if (TABLE.test(name) && !(isTied && !name.includes('gen_'))) return 0;
  if (INT4_SCALE.test(name)) return REPACKED_SCALES * length;
  if (SMALL_NUMBERS.test(name) || SCALE.test(name)) return length;
  return shape.reduce((product, size) => product * size, FLOAT32_BYTES);
}
