/** The visual tokenizer over its two sessions: a picture to codes, codes (of a whole or unfinished plan) to a picture. */
import { TuskError } from '../errors.ts';
import { floatOutput, type Session } from '../runtime/session.ts';
import { assertFinite, type FloatTensor, intTensor } from '../runtime/tensor.ts';

/** One code a cell, row by row. */
export interface CodeGrid {
  rows: number;
  columns: number;
  codes: Int32Array;
}

export interface EncodedPicture extends CodeGrid {
  /** Smallest lead of a chosen code over the second nearest, in twice the cosine (0..4). */
  margin: number;
}

/** Pixels a cell is wide and high. */
export const CELL_PIXELS = 14;

export class VisualTokenizer {
  constructor(
    readonly codebookSize: number,
    /** Graph `visual-tokenizer-encoder`. */
    private readonly encoder: Session,
    /** Graph `visual-tokenizer-decoder`. */
    private readonly decoder: Session,
  ) {}

  /**
   * @param image [1, 3, 14 rows, 14 columns] in -1..1
   * @throws TuskError `non-finite` if the network breaks
   */
  async encode(image: FloatTensor): Promise<EncodedPicture> {
    const outputs = await this.encoder.run({ image });
    const margins = floatOutput(outputs, 'margins').data;
    assertFinite(margins, 'The visual tokenizer');
    const [rows, columns] = image.shape.slice(2).map((pixels) => Math.trunc(pixels / CELL_PIXELS));
    const codes = Int32Array.from(outputs.codes!.data as BigInt64Array, Number);
    const margin = margins.reduce((least, lead) => Math.min(least, lead), Number.POSITIVE_INFINITY);
    return { rows: rows!, columns: columns!, codes, margin };
  }

  /**
   * Any grid of two cells or more. An unfinished plan is given by its finished rows alone (`finishedRows`): its cost
   * grows with the rows, and no made-up cell takes part in the attention or the norms.
   * @returns [1, 3, 14 rows, 14 columns], about -1..1
   * @throws TuskError `bad-request` for a code outside the codebook, `non-finite` if the network breaks
   */
  async decode({ rows, columns, codes }: CodeGrid): Promise<FloatTensor> {
    if (rows * columns < 2 || codes.length !== rows * columns) {
      throw new TuskError(
        'bad-request',
        `A grid of ${rows} x ${columns} does not fit ${codes.length} codes.`,
      );
    }
    const outside = codes.find((code) => code < 0 || code >= this.codebookSize);
    if (outside !== undefined)
      throw new TuskError('bad-request', `The code ${outside} is not one of ${this.codebookSize}.`);
    const outputs = await this.decoder.run({ codes: intTensor(codes, [rows, columns]) });
    const image = floatOutput(outputs, 'image');
    assertFinite(image.data, 'The decoder of the visual tokenizer');
    return image;
  }

  async dispose(): Promise<void> {
    await Promise.all([this.encoder.dispose(), this.decoder.dispose()]);
  }
}

/**
 * The codes of a plan's finished rows. Generation may choose an id that has no code (a spare row of the head):
 * such a cell repeats its left neighbour, or takes code 0 at the start.
 * @param ids visual ids with an end-of-line after each row, as generated so far
 * @param firstVisualId id of code 0
 */
export function finishedRows(
  ids: ArrayLike<number>,
  columns: number,
  firstVisualId: number,
  codebookSize: number,
): CodeGrid {
  const rows = Math.trunc(ids.length / (columns + 1));
  const codes = new Int32Array(rows * columns);
  for (let i = 0; i < codes.length; i++) {
    const code = ids[i + Math.trunc(i / columns)]! - firstVisualId;
    codes[i] = code >= 0 && code < codebookSize ? code : i === 0 ? 0 : codes[i - 1]!;
  }
  return { rows, columns, codes };
}
