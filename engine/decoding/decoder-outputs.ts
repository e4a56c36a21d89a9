/** What a pass of the decoder is asked for, and its outputs cut into rows. */
import { TuskError } from '../errors.ts';
import { floatOutput } from '../runtime/session.ts';
import { type FloatTensor, floatTensor, type Tensor } from '../runtime/tensor.ts';
import { indexTensor } from './decoder-inputs.ts';

export type Heads = 'both' | 'text' | 'generation';

export interface RowOutput {
  /** [positions, scores]; a view that stays valid. */
  logits: FloatTensor;
  /** In the order asked for, each [tokens of this call that are attended, width]. */
  hidden: FloatTensor[];
}

/** Resolved wishes of one pass. */
export interface Wanted {
  heads: readonly ('text' | 'generation')[];
  /** Last positions of each row to score. */
  logits: number;
  /** Indexes of `hidden.i`. */
  hidden: readonly number[];
}

/** @param layers of the decoder; hidden states are counted 0..layers, negative ones from the end. */
export function resolveWanted(
  options: { logits?: number; heads?: Heads; hidden?: readonly number[] | 'all' },
  layers: number,
  hasGeneration: boolean,
): Wanted {
  const { logits = 0, heads = 'both', hidden = [] } = options;
  const all = Array.from({ length: layers + 1 }, (_, i) => i);
  const indexes = hidden === 'all' ? all : hidden.map((index) => all.at(index));
  if (indexes.includes(undefined)) {
    throw new TuskError(
      'checkpoint-unsupported',
      `Hidden states [${hidden}] are asked for, there are ${layers + 1}.`,
      {
        hint: 'Check gen_condition_layers in config.json.',
      },
    );
  }
  const both = (['text', 'generation'] as const).filter((head) => heads === 'both' || heads === head);
  return {
    heads: both.filter((head) => head === 'text' || hasGeneration),
    logits,
    hidden: indexes as number[],
  };
}

/** Which rows each head scores: a head with none costs nothing. */
export function headInputs(
  { heads, logits }: Wanted,
  rows: number,
  tokens: number,
  hasGeneration: boolean,
): Record<string, Tensor> {
  const count = Math.min(logits, tokens);
  const scored = Int32Array.from(
    { length: rows * count },
    (_, i) => Math.floor(i / count) * tokens + tokens - count + (i % count),
  );
  const rowsOf = (head: 'text' | 'generation') => indexTensor(heads.includes(head) ? scored : []);
  return {
    text_head_rows: rowsOf('text'),
    ...(hasGeneration && { generation_head_rows: rowsOf('generation') }),
  };
}

export function outputNames({ heads, logits, hidden }: Wanted): string[] {
  const scores = logits > 0 ? heads.map((head) => `${head}_logits`) : [];
  return [...scores, ...new Set(hidden.map((index) => `hidden.${index}`))];
}

export function rowOutputs(outputs: Record<string, Tensor>, wanted: Wanted, rows: number): RowOutput[] {
  const scores = wanted.logits > 0 ? scoresOf(outputs, wanted) : floatTensor([], [0, 0]);
  const hidden = wanted.hidden.map((index) => floatOutput(outputs, `hidden.${index}`));
  return Array.from({ length: rows }, (_, row) => ({
    logits: part(scores, row, rows),
    hidden: hidden.map((states) => part(states, row, rows)),
  }));
}

function scoresOf(outputs: Record<string, Tensor>, { heads }: Wanted): FloatTensor {
  const tensors = heads.map((head) => floatOutput(outputs, `${head}_logits`));
  const [first, second] = tensors;
  return second ? sideBySide(first!, second) : first!;
}

function sideBySide(left: FloatTensor, right: FloatTensor): FloatTensor {
  const rows = left.shape[0]!;
  const [leftWidth, rightWidth] = [left.shape[1]!, right.shape[1]!];
  const joined = new Float32Array(rows * (leftWidth + rightWidth));
  for (let row = 0; row < rows; row++) {
    const at = row * (leftWidth + rightWidth);
    joined.set(left.data.subarray(row * leftWidth, (row + 1) * leftWidth), at);
    joined.set(right.data.subarray(row * rightWidth, (row + 1) * rightWidth), at + leftWidth);
  }
  return floatTensor(joined, [rows, leftWidth + rightWidth]);
}

/** Part `index` of `parts` equal ones along the first axis, without a copy. */
function part({ data, shape }: FloatTensor, index: number, parts: number): FloatTensor {
  const size = data.length / parts;
  return floatTensor(data.subarray(index * size, (index + 1) * size), [shape[0]! / parts, shape[1]!]);
}

/** Outputs of consecutive chunks of one row as one; empty tensors for no chunk. */
export function joinChunks(chunks: readonly RowOutput[], { hidden }: Wanted, width: number): RowOutput {
  const scored = chunks.map(({ logits }) => logits).filter(({ shape }) => shape[0]! > 0);
  return {
    logits: scored.length > 0 ? joinRows(scored) : floatTensor([], [0, 0]),
    hidden: hidden.map((_, i) => {
      const parts = chunks.map((chunk) => chunk.hidden[i]!);
      return parts.length > 0 ? joinRows(parts) : floatTensor([], [0, width]);
    }),
  };
}

/** Tensors of one width [rows, width], one below the other. */
export function joinRows(parts: readonly FloatTensor[]): FloatTensor {
  if (parts.length === 1) return parts[0]!;
  const rows = parts.reduce((n, { shape }) => n + shape[0]!, 0);
  const width = parts[0]!.shape[1]!;
  const joined = new Float32Array(rows * width);
  let offset = 0;
  for (const { data } of parts) {
    joined.set(data, offset);
    offset += data.length;
  }
  return floatTensor(joined, [rows, width]);
}
