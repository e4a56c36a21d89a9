/**
 * Mutated safetensors headers: each gives a typed error or the very same tensors. 5,000 of them, 100,000 in
 * `npm run test:long`; a failure names the seed that shows it again.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { TuskError } from '../../../engine/errors.ts';
import { removeFolder, safetensors } from '../../helpers/checkpoint-folder.ts';
import { seededRandom } from '../../helpers/random.ts';

const COUNT = process.env.TUSK_TEST_LONG ? 100_000 : 5_000;

/** Shapes differ from each other, so that exchanged names or ranges can't go unseen. */
const SHAPES = { 'a.weight': [2, 3], 'a.bias': [5], 'b.weight': [1, 7], empty: [0, 4], scalar: [] };

function intactFile(): Buffer {
  let end = 0;
  const entries = Object.entries(SHAPES).map(([name, shape]) => {
    const begin = end;
    end += 4 * shape.reduce((n, d) => n * d, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const values = Float32Array.from({ length: end / 4 }, (_, i) => i + 0.5);
  const header = { __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) };
  return safetensors(header, new Uint8Array(values.buffer));
}

const TOKENS = [
  '-1',
  '0',
  '8',
  '1e3',
  '1e999',
  '0.5',
  '9007199254740993',
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '"F64"',
  '"I32"',
  '"\\u0000"',
  ',',
  ':',
  '}',
  ']',
  '"',
  '\\',
  '\u00e9',
];

type Random = () => number;
type Mutation = (file: Buffer, headerEnd: number, random: Random) => Buffer;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const splice = (file: Buffer, at: number, removed: number, added: Uint8Array): Buffer =>
  Buffer.concat([file.subarray(0, at), added, file.subarray(at + removed)]);

const MUTATIONS: readonly Mutation[] = [
  (file, end, random) => splice(file, below(random, end), 1, Buffer.from([below(random, 256)])),
  (file, end, random) => splice(file, below(random, end), 0, Buffer.from([below(random, 256)])),
  (file, end, random) => splice(file, below(random, end), 1 + below(random, 4), Buffer.alloc(0)),
  (file, end, random) =>
    splice(file, below(random, end), below(random, 6), Buffer.from(TOKENS[below(random, TOKENS.length)]!)),
  (file, end, random) => {
    const from = below(random, end);
    return splice(file, below(random, end), below(random, 12), file.subarray(from, from + below(random, 60)));
  },
  (file, end, random) => {
    const digits = [...file.subarray(8, end).keys()].filter((i) =>
      /\d/.test(String.fromCharCode(file[8 + i]!)),
    );
    return splice(file, 8 + digits[below(random, digits.length)]!, 1, Buffer.from(String(below(random, 10))));
  },
  (file) => file.subarray(0, -1),
  (file, end, random) => file.subarray(0, below(random, end)),
];

/** One to three mutations; half of the time the length field is made to fit the header again. */
function mutate(intact: Buffer, headerEnd: number, random: Random): Buffer {
  let file: Buffer = Buffer.from(intact);
  for (let rest = 1 + below(random, 3); rest > 0 && file.length > 16; rest--) {
    file = MUTATIONS[below(random, MUTATIONS.length)]!(file, Math.min(headerEnd, file.length), random);
  }
  if (random() < 0.5 && file.length >= 8) {
    const grown = headerEnd - 8 + file.length - intact.length;
    file = Buffer.from(file);
    file.writeBigUInt64LE(BigInt(Math.max(0, grown)), 0);
  }
  return file;
}

async function readAll(path: string): Promise<Record<string, number[]>> {
  const checkpoint = await Checkpoint.ofFile(path);
  const values: Record<string, number[]> = {};
  for (const [name, shape] of Object.entries(SHAPES)) {
    checkpoint.locate(name, shape);
    values[name] = [...(await checkpoint.read(name))];
  }
  return values;
}

const folder = mkdtempSync(join(tmpdir(), 'tusk-mutation-'));
after(() => removeFolder(folder));

test(`${COUNT} mutated headers give a typed error or the same tensors`, async () => {
  const intact = intactFile();
  const headerEnd = 8 + Number(intact.readBigUInt64LE(0));
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, intact);
  const expected = await readAll(path);
  const outcomes = { refused: 0, equal: 0 };
  for (let seed = 0; seed < COUNT; seed++) {
    writeFileSync(path, mutate(intact, headerEnd, seededRandom(seed)));
    const values = await readAll(path).catch((error: unknown) => {
      assert.ok(error instanceof TuskError && error.code !== 'internal', `seed ${seed}: ${String(error)}`);
    });
    if (values) assert.deepEqual(values, expected, `seed ${seed} reads other tensors`);
    outcomes[values ? 'equal' : 'refused'] += 1;
  }
  assert.ok(outcomes.refused > COUNT / 2 && outcomes.equal > 0, JSON.stringify(outcomes));
});
