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
import type { ByteSource } from '../../../engine/checkpoint/file.ts';
import { parseSafetensors } from '../../../engine/checkpoint/safetensors.ts';
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
type Mutation = (header: Buffer, random: Random) => Buffer;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const somewhere = (header: Buffer, random: Random): number => below(random, header.length + 1);
const splice = (header: Buffer, at: number, removed: number, added: Uint8Array): Buffer =>
  Buffer.concat([header.subarray(0, at), added, header.subarray(at + removed)]);

/** On the length field and the text behind it; the tensors' bytes stay as they are. */
const MUTATIONS: readonly Mutation[] = [
  (header, random) => splice(header, somewhere(header, random), 1, Buffer.from([below(random, 256)])),
  (header, random) => splice(header, somewhere(header, random), 0, Buffer.from([below(random, 256)])),
  (header, random) => splice(header, somewhere(header, random), 1 + below(random, 4), Buffer.alloc(0)),
  (header, random) => {
    const token = Buffer.from(TOKENS[below(random, TOKENS.length)]!);
    return splice(header, somewhere(header, random), below(random, 6), token);
  },
  (header, random) => {
    const from = somewhere(header, random);
    const copied = header.subarray(from, from + below(random, 60));
    return splice(header, somewhere(header, random), below(random, 12), copied);
  },
  (header, random) => {
    const digits = [...header.keys()].filter((i) => header[i]! >= 48 && header[i]! <= 57);
    return splice(
      header,
      digits[below(random, digits.length)] ?? 0,
      1,
      Buffer.from(String(below(random, 10))),
    );
  },
  (header, random) => header.subarray(0, somewhere(header, random)),
];

/** One to three mutations; half of the time the length field is made to fit the text again. Some files are cut. */
function mutate(intact: Buffer, headerEnd: number, random: Random): Buffer {
  let header = intact.subarray(0, headerEnd);
  for (let rest = 1 + below(random, 3); rest > 0; rest--)
    header = MUTATIONS[below(random, MUTATIONS.length)]!(header, random);
  const file = Buffer.concat([header, intact.subarray(headerEnd)]);
  if (random() < 0.5 && header.length >= 8) file.writeBigUInt64LE(BigInt(header.length - 8));
  return random() < 0.05 ? file.subarray(0, below(random, file.length)) : file;
}

const inMemory = (bytes: Buffer): ByteSource => ({
  path: 'mutated.safetensors',
  sizeBytes: bytes.length,
  read: (position, length) =>
    Promise.resolve(Buffer.from(Uint8Array.from(bytes.subarray(position, position + length)).buffer)),
});

/** The file's tensors, less where its data begin: headers of another length may say the same. */
async function tensorsOf(bytes: Buffer): Promise<string> {
  const entries = await parseSafetensors(inMemory(bytes));
  const start = entries[0]?.offset ?? 0;
  return JSON.stringify(entries.map((entry) => ({ ...entry, offset: entry.offset - start })));
}

/** A header that reads well but says something else has to be refused by what the networks ask for. */
async function askForAll(bytes: Buffer): Promise<void> {
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, bytes);
  const checkpoint = await Checkpoint.ofFile(path);
  for (const [name, shape] of Object.entries(SHAPES)) checkpoint.locate(name, shape);
}

const folder = mkdtempSync(join(tmpdir(), 'tusk-mutation-'));
after(() => removeFolder(folder));

test(`${COUNT} mutated headers give a typed error or the same tensors`, async () => {
  const intact = intactFile();
  const headerEnd = 8 + Number(intact.readBigUInt64LE(0));
  const expected = await tensorsOf(intact);
  await askForAll(intact);
  const outcomes = { refused: 0, equal: 0 };
  for (let seed = 0; seed < COUNT; seed++) {
    const typed = (error: unknown): undefined => {
      assert.ok(error instanceof TuskError && error.code !== 'internal', `seed ${seed}: ${String(error)}`);
    };
    const mutated = mutate(intact, headerEnd, seededRandom(seed));
    const found = await tensorsOf(mutated).catch(typed);
    if (found !== undefined && found !== expected)
      assert.equal(
        await askForAll(mutated).then(() => 'accepted', typed),
        undefined,
        `seed ${seed} reads other tensors`,
      );
    outcomes[found === expected ? 'equal' : 'refused'] += 1;
  }
  assert.ok(outcomes.refused > COUNT / 2 && outcomes.equal > 0, JSON.stringify(outcomes));
});
