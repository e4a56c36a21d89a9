/**
 * What compiling found out about each tensor, a line a tensor beside the weights: a try that goes on behind an earlier
 * one still knows all of it at the end.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeAll } from '../files.ts';
import type { Precision } from '../models/quantisation.ts';

const line = z.object({
  name: z.string(),
  /** Of the source's bytes. */
  sha256: z.string(),
  /** Absent for a tensor that was copied. */
  precision: z.enum(['int4', 'int8']).optional(),
  /** Sums of the squared differences, and of the squared weights. */
  squares: z.number(),
  total: z.number(),
});
export type TensorReport = z.infer<typeof line>;

export class CompileReport {
  private constructor(
    private readonly file: FileHandle,
    readonly lines: TensorReport[],
    private end: number,
  ) {}

  /** How many tensors an earlier try has reported, up to the first line that is none. */
  static async read(path: string): Promise<TensorReport[]> {
    const text = await readFile(path, 'utf8').catch(() => '');
    const lines: TensorReport[] = [];
    for (const row of text.split('\n').slice(0, -1)) {
      const parsed = line.safeParse(parse(row));
      if (!parsed.success) break;
      lines.push(parsed.data);
    }
    return lines;
  }

  /** Goes on behind `lines`. */
  static async open(path: string, lines: readonly TensorReport[]): Promise<CompileReport> {
    const report = new CompileReport(await open(path, 'w'), [], 0);
    for (const known of lines) await report.add(known);
    return report;
  }

  async add(tensor: TensorReport): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(tensor)}\n`);
    await writeAll(this.file, bytes, this.end);
    this.end += bytes.length;
    this.lines.push(tensor);
  }

  sync = (): Promise<void> => this.file.datasync();

  close = (): Promise<void> => this.file.close();
}

function parse(row: string): unknown {
  try {
    return JSON.parse(row);
  } catch {
    return undefined;
  }
}

type Errors = Partial<Record<Precision, number>>;

/** Root mean square of the rounding relative to the weights', of all tensors of a precision together. */
export function errorsOf(lines: readonly TensorReport[]): Errors {
  const errors: Errors = {};
  for (const precision of ['int4', 'int8'] as const) {
    const rounded = lines.filter((tensor) => tensor.precision === precision);
    const total = rounded.reduce((sum, tensor) => sum + tensor.total, 0);
    if (total > 0) errors[precision] = Math.sqrt(rounded.reduce((sum, t) => sum + t.squares, 0) / total);
  }
  return errors;
}

/** The same of one tensor; 0 for one of zeros. */
export const errorOf = ({ squares, total }: TensorReport): number =>
  total > 0 ? Math.sqrt(squares / total) : 0;
