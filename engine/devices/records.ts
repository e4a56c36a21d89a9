/**
 * What self-tests found, kept in a file. A test is noted before it runs: a driver may end the process, and what is then
 * still under way when the file is read next is what it died of.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { log } from '../log.ts';
import { TEST_FAILURES } from '../placing.ts';

const outcome = z.object({
  ok: z.boolean(),
  /** Largest difference from the processor's numbers, relative to the largest of them. */
  difference: z.number().optional(),
  reason: z.enum(TEST_FAILURES).optional(),
  /** onnxruntime's own words, or the operators it left to the processor. */
  detail: z.string().optional(),
});
export type Outcome = z.infer<typeof outcome>;

const attempt = z.object({
  outcomes: z.record(z.string(), outcome),
  /** Kinds of graph nodes of all that was ok. */
  operators: z.array(z.string()),
});
export type Attempt = z.infer<typeof attempt>;

const record = z.object({
  /** Of everything the result depends on; another one makes it stale. */
  key: z.string(),
  attempts: z.object({ fused: attempt.optional(), plain: attempt.optional() }),
  /** What is under way. */
  testing: z.object({ attention: z.enum(['fused', 'plain']), test: z.string() }).optional(),
  isDone: z.boolean(),
});
export type DeviceRecord = z.infer<typeof record>;

const file = z.object({ format: z.literal(1), providers: z.record(z.string(), record) });
type Records = z.infer<typeof file>['providers'];

export class DeviceRecords {
  constructor(private readonly path: string) {}

  /** undefined if there is none for this key. What was under way counts as crashed. */
  async get(provider: string, key: string): Promise<DeviceRecord | undefined> {
    const found = (await this.read())[provider];
    if (found?.key !== key) return undefined;
    const { testing, ...rest } = found;
    if (!testing) return found;
    const { attention, test } = testing;
    const { outcomes, operators } = rest.attempts[attention] ?? { outcomes: {}, operators: [] };
    const crashed = {
      outcomes: { ...outcomes, [test]: { ok: false, reason: 'crashed' as const } },
      operators,
    };
    return { ...rest, attempts: { ...rest.attempts, [attention]: crashed } };
  }

  /** No device was ever tested. */
  async isEmpty(): Promise<boolean> {
    return Object.keys(await this.read()).length === 0;
  }

  async put(provider: string, entry: DeviceRecord): Promise<void> {
    const providers = { ...(await this.read()), [provider]: entry };
    const text = JSON.stringify({ format: 1, providers } satisfies z.infer<typeof file>, null, 1);
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(`${this.path}.new`, text);
    await rename(`${this.path}.new`, this.path);
  }

  /** A file that can't be read is as good as none: tests are run again. */
  private async read(): Promise<Records> {
    try {
      return file.parse(JSON.parse(await readFile(this.path, 'utf8'))).providers;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') log.warn(`${this.path} is not readable`);
      return {};
    }
  }
}
