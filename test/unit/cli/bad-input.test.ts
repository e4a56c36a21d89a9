/** Bad input from the terminal: a plain sentence, a typed error, exit 1, and nothing written. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { ErrorCode } from '../../../engine/errors.ts';
import { BAD_CHECKPOINTS } from '../../helpers/bad-checkpoints.ts';
import {
  INTACT,
  linkedCheckpoint,
  removeFolder,
  replaceFile,
  safetensors,
} from '../../helpers/checkpoint-folder.ts';
import { runTusk } from '../../helpers/command-line.ts';

const PICTURE = resolve('test/parity/alpha/pictures/plain.png');
const OUT = ['--out', 'p.png', '--checkpoint', INTACT] as const;
const SMALL = ['--size', '32x32', '--steps', '1', '--seed', '1'] as const;

type Prepare = (folder: string) => Promise<unknown>;
type Case = readonly [
  what: string,
  code: ErrorCode,
  message: RegExp,
  args: readonly string[],
  prepare?: Prepare,
];

const create = (prompt: string, ...more: string[]) => ['create', prompt, ...OUT, ...more];
const edit = (picture: string, ...more: string[]) => ['edit', picture, 'make it red', ...OUT, ...more];
const FROM = ['create', '--from', 'prompts.txt', '--out-dir', '.', '--checkpoint', INTACT, ...SMALL];
const file =
  (name: string, content: string | Uint8Array): Prepare =>
  (folder) =>
    writeFile(join(folder, name), content);

const PROMPTS: readonly Case[] = [
  ['an empty prompt', 'bad-prompt', /empty/, create('')],
  ['a blank prompt', 'bad-prompt', /empty/, create(' \n\t ')],
  ['a prompt of 20,001 characters', 'bad-prompt', /longer than/, create('x'.repeat(20_001))],
  ['a prompt of 1 MB', 'bad-prompt', /longer than/, FROM, file('prompts.txt', 'apple '.repeat(170_000))],
  ['a prompt with NUL', 'bad-prompt', /NUL/, FROM, file('prompts.txt', 'an apple\0and more')],
  ['a file without prompts', 'bad-prompt', /no prompt/, FROM, file('prompts.txt', '\n \n')],
  ['no file of prompts', 'not-found', /prompts.txt/, FROM],
  ['an empty instruction', 'bad-prompt', /empty/, ['edit', PICTURE, '', ...OUT]],
  [
    'a negative prompt that is too long',
    'bad-prompt',
    /longer than/,
    create('x', '--negative', 'x'.repeat(20_001)),
  ],
  ['an empty question', 'bad-prompt', /empty/, ['chat', '', '--checkpoint', INTACT]],
];

const SETTINGS: readonly Case[] = [
  ['steps 0', 'bad-setting', /steps must be at least 1/, create('x', '--steps', '0')],
  ['steps -1', 'bad-setting', /steps/, create('x', '--steps', '-1')],
  ['steps 1.5', 'bad-setting', /steps/, create('x', '--steps', '1.5')],
  ['steps 1001', 'bad-setting', /steps must be at most/, create('x', '--steps', '1001')],
  ['steps 1e300', 'bad-setting', /steps/, create('x', '--steps', '1e300')],
  ['size 1 x 1', 'bad-setting', /size/, create('x', '--size', '1x1')],
  ['size 0 x 0', 'bad-setting', /size/, create('x', '--size', '0x0')],
  ['size 100,000 x 100,000', 'bad-setting', /size/, create('x', '--size', '100000x100000')],
  ['size 33 x 32', 'bad-setting', /33 x 32 isn't a multiple of 16/, create('x', '--size', '33x32')],
  ['seed -1', 'bad-setting', /seed must be at least 0/, create('x', '--seed', '-1')],
  ['seed 0.5', 'bad-setting', /seed/, create('x', '--seed', '0.5')],
  ['seed 2^53', 'bad-setting', /seed/, create('x', '--seed', '9007199254740992')],
  ['guidance -1', 'bad-setting', /guidance/, create('x', '--guidance', '-1')],
  ['guidance 101', 'bad-setting', /guidance/, create('x', '--guidance', '101')],
  ['plan guidance -1', 'bad-setting', /planGuidance/, create('x', '--plan-guidance', '-1')],
  ['no images', 'bad-setting', /images/, create('x', '--images', '0')],
  ['seventeen images', 'bad-setting', /images/, create('x', '--images', '17')],
  ['an unknown preset', 'bad-setting', /no preset "turbo"/, create('x', '--preset', 'turbo')],
  ['an inherited preset', 'bad-setting', /no preset "constructor"/, create('x', '--preset', 'constructor')],
  [
    '0 tokens of answer',
    'bad-setting',
    /maxTokens/,
    ['chat', 'x', '--max-tokens', '0', '--checkpoint', INTACT],
  ],
  ['a missing replay', 'checkpoint-missing', /dump.safetensors/, create('x', '--replay', 'dump.safetensors')],
  [
    'a replay that is a page',
    'checkpoint-unsupported',
    /HTML/,
    create('x', '--replay', 'dump.safetensors'),
    file('dump.safetensors', '<html></html>'),
  ],
  [
    'a replay of nothing',
    'bad-setting',
    /no ids and no noise/,
    create('x', '--replay', 'dump.safetensors'),
    file('dump.safetensors', safetensors({})),
  ],
  [
    'an output folder that is missing',
    'file-write',
    /nowhere/,
    ['create', 'x', '--out', 'nowhere/p.png', '--checkpoint', INTACT],
  ],
  [
    'an output that is a folder',
    'file-write',
    /p.png/,
    create('x'),
    (folder) => mkdir(join(folder, 'p.png')),
  ],
];

/** A PNG whose header claims a size; there are hardly any pixels behind it. */
function claimedPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

const PICTURES: readonly Case[] = [
  ['a missing picture', 'not-found', /a.png/, edit('a.png')],
  ['a picture of 0 bytes', 'bad-picture', /0 bytes/, edit('a.png'), file('a.png', '')],
  ['a text as a picture', 'bad-picture', /a.png/, edit('a.png'), file('a.png', 'this is no picture')],
  ['a folder as a picture', 'bad-picture', /a.png/, edit('a.png'), (folder) => mkdir(join(folder, 'a.png'))],
  [
    'a picture cut off',
    'bad-picture',
    /damaged or cut off/,
    edit('a.png'),
    async (folder) => writeFile(join(folder, 'a.png'), (await readFile(PICTURE)).subarray(0, 120)),
  ],
  [
    'a picture of 20,000 x 20,000',
    'bad-picture',
    /a.png/,
    edit('a.png'),
    file('a.png', claimedPng(20_000, 20_000)),
  ],
  ['a picture of 2^31 x 1', 'bad-picture', /a.png/, edit('a.png'), file('a.png', claimedPng(2 ** 31 - 1, 1))],
  [
    'a drawing',
    'bad-picture',
    /a.svg/,
    edit('a.svg'),
    file('a.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  ],
  [
    'six pictures',
    'bad-picture',
    /pictures must hold at most 5/,
    ['edit', ...Array<string>(6).fill(PICTURE), 'make it red', ...OUT],
  ],
  [
    'a question about no picture',
    'bad-picture',
    /a.png/,
    ['chat', 'a.png', 'what is this?', '--checkpoint', INTACT],
    file('a.png', 'text'),
  ],
];

const FOLDERS: readonly Case[] = [
  ['a parity folder that is missing', 'not-found', /no folder/, ['verify', 'nowhere']],
  ['a parity folder without cases', 'not-found', /no parity case/, ['verify', '.']],
  [
    'a stage that is unknown',
    'not-found',
    /no parity case of stage dreams/,
    ['verify', resolve('test/parity/alpha'), '--stage', 'dreams'],
  ],
  ['info of a missing folder', 'checkpoint-missing', /no folder/, ['info', 'nowhere']],
  ['info of an empty folder', 'checkpoint-missing', /holds no .safetensors/, ['info', '.']],
];

async function assertRefused(
  code: ErrorCode,
  message: RegExp,
  args: readonly string[],
  prepare?: Prepare,
): Promise<void> {
  const { exitCode, events, stderr, files } = await runTusk(args, prepare);
  const last = events.at(-1);
  assert.equal(last?.event, 'failed', `it ended with ${JSON.stringify(last)} and: ${stderr}`);
  assert.equal(last.code, code, String(last.message));
  assert.match(String(last.message), message);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /\n\s+at /, 'a person sees a stack');
  assert.equal(exitCode, 1);
  assert.deepEqual(files, []);
}

describe('the command line refuses', { concurrency: 2 }, () => {
  for (const [what, code, message, args, prepare] of [...PROMPTS, ...SETTINGS, ...PICTURES, ...FOLDERS]) {
    test(what, () => assertRefused(code, message, args, prepare));
  }
});

/** Every fifth of the table: the others take the same way. */
const SOME_CHECKPOINTS = BAD_CHECKPOINTS.filter((_, index) => index % 5 === 0);

describe('create refuses a checkpoint with', { concurrency: 2 }, () => {
  for (const [what, code, message, breakIt] of SOME_CHECKPOINTS) {
    test(what, async () => {
      const checkpoint = await linkedCheckpoint();
      try {
        await breakIt(checkpoint);
        await assertRefused(code, message, ['create', 'x', '--out', 'p.png', '--checkpoint', checkpoint]);
      } finally {
        await removeFolder(checkpoint);
      }
    });
  }
});

const WEIGHTS = 'model.safetensors';

/** The intact weights with one tensor's first value made NaN. */
async function poison(folder: string, name: string): Promise<void> {
  const bytes = Buffer.from(await readFile(join(INTACT, WEIGHTS)));
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, end)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  bytes.writeFloatLE(Number.NaN, end + header[name]!.data_offsets[0]);
  await replaceFile(folder, WEIGHTS, bytes);
}

const POISONED = [
  'llm_model.model.language_model.layers.1.self_attn.q_norm.weight',
  'gen_transformer.norm_out.linear_2.bias',
  'gen_vae.decoder.conv_out.bias',
] as const;

describe('weights that are not finite', { concurrency: 2 }, () => {
  for (const tensor of POISONED) {
    test(`${tensor}: found by info, and never a black picture`, async () => {
      const checkpoint = await linkedCheckpoint();
      try {
        await poison(checkpoint, tensor);
        await assertRefused('non-finite', new RegExp(tensor.replaceAll('.', '\\.')), ['info', checkpoint]);
        await assertRefused(
          'non-finite',
          /^(The .*|Denoising step 1 of 1) gave a value that is not a number/,
          ['create', 'x', '--out', 'p.png', '--checkpoint', checkpoint, ...SMALL],
        );
      } finally {
        await removeFolder(checkpoint);
      }
    });
  }
});
