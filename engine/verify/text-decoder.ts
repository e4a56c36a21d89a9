/** Stage `text-decoder`: a prompt in one go, then single tokens on the cache. */
import type { LanguageModel, LanguageModelRun, RowInput, RowOutput } from '../decoding/language-model.ts';
import { type Positions, rowPositions } from '../decoding/positions.ts';
import { type FloatTensor, floatTensor, type Tensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';
import { readGrids } from './grids.ts';
import { withModel } from './parts.ts';

type Tensors = Record<string, Tensor>;

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async (checked) =>
    decode(parityCase, (await checked.networks(['languageModel'])).languageModel),
  );

async function decode(parityCase: ParityCase, model: LanguageModel): Promise<StageOutputs> {
  const decoding = model.start();
  try {
    const rows = await readRows(parityCase, model);
    const logits = parityCase.params.logits as number;
    const outputs = await decoding.prefill(rows, { logits, hidden: 'all' });
    const prompt = rows.length === 1 ? promptTensors(outputs[0]!) : maskedTensors(outputs);
    const steps = await stepTensors(decoding, rows.length, await parityCase.numbers('in.step_ids'));
    return { tensors: { ...positionTensors(model, rows), ...prompt, ...steps } };
  } finally {
    decoding.dispose();
  }
}

async function readRows(parityCase: ParityCase, model: LanguageModel): Promise<RowInput[]> {
  const { shape } = await parityCase.tensor('in.input_ids');
  const ids = await parityCase.numbers('in.input_ids');
  const mask = parityCase.has('in.attention_mask')
    ? await parityCase.numbers('in.attention_mask')
    : undefined;
  const [rows, length] = [shape[0]!, shape[1]!];
  const pictures = parityCase.has('in.pixel_values') ? await embed(parityCase, model) : undefined;
  return Array.from({ length: rows }, (_, row) => ({
    ids: ids.slice(row * length, (row + 1) * length),
    ...(mask && { attentionMask: mask.slice(row * length, (row + 1) * length) }),
    ...(pictures && { pictures }),
  }));
}

async function embed(parityCase: ParityCase, model: LanguageModel) {
  const grids = await readGrids(parityCase, 'in.image_grid_thw');
  return model.embedPictures(await parityCase.floats('in.pixel_values'), grids);
}

/** The reference's form: [axes, rows, ids], hidden ids at 1; the delta counts from the row's full length. */
function positionTensors(model: LanguageModel, rows: readonly RowInput[]): Tensors {
  const length = rows[0]!.ids.length;
  const positions = new Int32Array(3 * rows.length * length).fill(1);
  const deltas = new Int32Array(rows.length);
  for (const [row, { ids, attentionMask, pictures }] of rows.entries()) {
    const kept = Array.from({ length }, (_, i) => i).filter((i) => attentionMask?.[i] !== 0);
    const attended = kept.map((i) => ids[i]!);
    const hidden = kept.length < length;
    const placed = rowPositions(attended, pictures?.grids, model.pictureTokens, 0, hidden);
    axesOf(placed).forEach((axis, a) => {
      for (const [i, place] of kept.entries()) positions[(a * rows.length + row) * length + place] = axis[i]!;
    });
    deltas[row] = placed.next.at(-1)! - length;
  }
  return {
    'out.position_ids': { type: 'int32', shape: [3, rows.length, length], data: positions },
    'out.rope_deltas': { type: 'int32', shape: [rows.length, 1], data: deltas },
  };
}

const axesOf = ({ time, row, column }: Positions) => [time, row, column];

function promptTensors({ logits, hidden }: RowOutput): Tensors {
  const states = hidden.map((state, i) => [`out.hidden.${i}`, state] as const);
  return { 'out.logits': logits, ...Object.fromEntries(states) };
}

function maskedTensors(rows: readonly RowOutput[]): Tensors {
  return Object.fromEntries(
    rows.flatMap(({ logits, hidden }, row) => [
      [`out.logits.row${row}`, logits],
      [`out.hidden.last.row${row}`, hidden.at(-1)!],
    ]),
  );
}

async function stepTensors(
  decoding: LanguageModelRun,
  rows: number,
  ids: readonly number[],
): Promise<Tensors> {
  const steps: RowOutput[][] = [];
  for (const id of ids) {
    const tokens = Array.from({ length: rows }, () => [id]);
    steps.push(await decoding.step(tokens, { logits: 1, hidden: 'all' }));
  }
  const layers = steps[0]![0]!.hidden.length;
  const logits = steps.map((outputs) => outputs.map((output) => output.logits));
  const hidden = steps.flatMap((outputs) =>
    Array.from({ length: layers }, (_, layer) => outputs.map((output) => output.hidden[layer]!)),
  );
  return {
    'out.step_logits': stack(logits.flat(), [ids.length, rows]),
    'out.step_hidden': stack(hidden.flat(), [ids.length, layers, rows]),
  };
}

/** Vectors one after the other, under the given leading sizes. */
function stack(vectors: readonly FloatTensor[], leading: readonly number[]): FloatTensor {
  const width = vectors[0]!.data.length;
  const data = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => {
    data.set(vector.data, i * width);
  });
  return floatTensor(data, [...leading, width]);
}
