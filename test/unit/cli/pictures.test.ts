/** The command from the outside, on the small checkpoint: files, seeds, events, exit codes. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { decodePicture } from '../../../engine/image/decode.ts';
import { readRecipe } from '../../../engine/image/encode.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { jsonLines, tusk, workFolder } from '../../helpers/tusk.ts';

const QUICK = ['--checkpoint', INTACT, '--size', '64', '--steps', '2'];
const EDIT = ['--checkpoint', INTACT, '--steps', '2'];
const PICTURE = resolve('test/parity/alpha/pictures/edit.png');
const SMALL_PICTURE = resolve('test/parity/alpha/pictures/small.png');

let folder = '';
before(async () => {
  folder = await workFolder();
});
after(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => tusk(args, folder);
const pixels = async (name: string) => (await decodePicture(await readFile(join(folder, name)))).pixels;

test('the same seed gives the same pixels, eight seeds eight pictures, alone or together', async () => {
  const eight = await run('create', 'a red apple', ...QUICK, '--seed', '1', '--images', '8', '-o', 'p.png');
  assert.equal(eight.code, 0, eight.stderr);
  assert.equal(eight.stdout, `${[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `p-${i}.png`).join('\n')}\n`);
  const three = await run('create', 'a red apple', ...QUICK, '--seed', '3', '--out', 'three.png');
  assert.equal(three.stdout, 'three.png\n');
  assert.deepEqual(await pixels('three.png'), await pixels('p-3.png'));
  const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((i) => pixels(`p-${i}.png`)));
  assert.equal(new Set(all.map((p) => Buffer.from(p).toString('base64'))).size, 8);
});

test('--json prints every event with previews, and done names the file', async () => {
  const args = ['--seed', '7', '--json', '--out', 'json.png'];
  const { code, stdout } = await run('create', 'a red apple', ...QUICK, ...args);
  assert.equal(code, 0);
  const events = jsonLines(stdout) as { event: string; preview?: { base64: string } }[];
  const kinds = events.map(({ event }) => event).filter((e) => e !== 'loading');
  assert.deepEqual(kinds, ['placed', 'reading', 'plan', 'plan', 'step', 'step', 'decoding', 'done']);
  for (const kind of ['plan', 'step']) {
    const previews = events.flatMap(({ event, preview }) => (event === kind && preview ? [preview] : []));
    assert.ok(previews.length > 0, kind);
    for (const { base64 } of previews)
      assert.ok((await decodePicture(Buffer.from(base64, 'base64'))).width > 0);
  }
  const done = events.at(-1) as unknown as { pictures: { file: string; seed: number }[] };
  assert.deepEqual([done.pictures[0]?.file, done.pictures[0]?.seed], ['json.png', 7]);
  const { recipe, text } = readRecipe(await readFile(join(folder, 'json.png')));
  assert.equal((recipe as { prompt: string }).prompt, 'a red apple');
  assert.deepEqual([text?.settings.Seed, text?.settings.Steps], ['7', '2']);
});

test('a file of prompts becomes numbered pictures with seeds counted up', async () => {
  await writeFile(join(folder, 'prompts.txt'), 'a red apple\n\na blue car\r\n');
  const args = ['--from', 'prompts.txt', '--out-dir', 'many', '--seed', '5'];
  const { code, stderr } = await run('create', ...QUICK, ...args);
  assert.equal(code, 0, stderr);
  assert.deepEqual((await readdir(join(folder, 'many'))).sort(), ['0001.png', '0002.png']);
  const seeds = ['0001.png', '0002.png'].map(async (name) => {
    const { recipe } = readRecipe(await readFile(join(folder, 'many', name)));
    return (recipe as { seed: number }).seed;
  });
  assert.deepEqual(await Promise.all(seeds), [5, 6]);
});

test('an edit has the size of its picture and says so in its recipe', async () => {
  const { code, stderr } = await run('edit', PICTURE, 'make it red', ...EDIT, '--out', 'edit.png');
  assert.equal(code, 0, stderr);
  const made = await decodePicture(await readFile(join(folder, 'edit.png')));
  const source = await decodePicture(await readFile(PICTURE));
  assert.deepEqual([made.width % 16, made.height % 16], [0, 0]);
  assert.ok(Math.abs(made.width - source.width) < 16 && Math.abs(made.height - source.height) < 16);
});

test('--replay of a reference dump gives the reference picture within a grey level', async () => {
  const dump = resolve('test/parity/alpha/cases/end-to-end/create.safetensors');
  const settings = ['--steps', '4', '--guidance', '4', '--checkpoint', INTACT, '--replay', dump];
  const prompt = 'Two red balloons over the sea.';
  const { code, stderr } = await run('create', prompt, ...settings, '--out', 'replay.png');
  assert.equal(code, 0, stderr);
  const { ParityCase } = await import('../../../engine/verify/case.ts');
  const expected = await (await ParityCase.read('test/parity/alpha', 'end-to-end', 'create')).tensor(
    'out.picture',
  );
  const made = await pixels('replay.png');
  assert.equal(made.length, expected.data.length);
  assert.ok(made.every((value, i) => Math.abs(value - Number(expected.data[i])) <= 1));
});

test('a question is answered on standard output, greedily the same', async () => {
  const ask = () => run('chat', PICTURE, 'What is it?', '--checkpoint', INTACT);
  const [first, second] = [await ask(), await ask()];
  assert.equal(first.code, 0, first.stderr);
  assert.ok(first.stdout.length > 1);
  assert.equal(first.stdout, second.stdout);
});

test('a conversation makes, edits and answers, and saves its pictures', async () => {
  const lines = ['/create a red apple', '/edit make it blue', 'what is it?', '/picture nowhere.png', '/quit'];
  await writeFile(join(folder, 'tusk.json'), '{}');
  const checkpoint = await smallDefaults();
  const { code, stdout, stderr } = await tusk(
    ['chat', '--checkpoint', checkpoint],
    folder,
    `${lines.join('\n')}\n`,
  );
  assert.equal(code, 0, stderr);
  const made = stdout.match(/tusk-\d+(-\d+)?\.png/g);
  assert.equal(made?.length, 2, stdout);
  for (const name of made!) assert.ok((await pixels(name)).length > 0);
  assert.match(stdout, /There is no file nowhere\.png/);
});

/** The small checkpoint with settings that make a picture in a moment. */
async function smallDefaults(): Promise<string> {
  const { linkedCheckpoint, replaceFile } = await import('../../helpers/checkpoint-folder.ts');
  const checkpoint = await linkedCheckpoint();
  await replaceFile(checkpoint, 'tusk.json', JSON.stringify({ sizes: [[64, 64]], steps: 2 }));
  return checkpoint;
}

const REFUSED: readonly (readonly [code: number, message: RegExp, args: readonly string[]])[] = [
  [2, /no command "paint"/, ['paint']],
  [2, /needs a prompt/, ['create', '--out', 'x.png']],
  [2, /--out/, ['create', 'a red apple']],
  [2, /quotes/, ['create', 'a', 'red', 'apple', '--out', 'x.png']],
  [2, /PNG/, ['create', 'a', '--out', 'x.jpg']],
  [2, /number/, ['create', 'a', '--steps', 'many', '--out', 'x.png']],
  [2, /Unknown option/, ['create', 'a', '--colour', 'red', '--out', 'x.png']],
  [2, /--out-dir/, ['create', '--from', 'prompts.txt']],
  [2, /picture and an instruction/, ['edit', 'make it red', '--out', 'x.png']],
  [2, /parity folder/, ['verify']],
  [1, /steps must be at least 1/, ['create', 'a', '--steps', '0', '--out', 'x.png']],
];

for (const [code, message, args] of REFUSED) {
  test(`exit ${code}: tusk ${args.join(' ').replace(INTACT, '<checkpoint>')}`, async () => {
    await writeFile(join(folder, 'prompts.txt'), 'a red apple\n');
    const finished = await run(...args);
    assert.equal(finished.code, code, finished.stderr);
    assert.match(finished.stderr, message);
    assert.equal(finished.stderr.includes('    at '), false, 'a stack trace reached a person');
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('x.') || name.endsWith('.part')));
  });
}

test('info and verify print what they found', async () => {
  const info = await run('info', INTACT, '--json');
  assert.equal(info.code, 0, info.stderr);
  const [done] = jsonLines(info.stdout) as { networks: { parameters: number }[]; nonFinite: string[] }[];
  assert.equal(done?.networks.length, 6);
  assert.deepEqual(done?.nonFinite, []);
  const verify = await run('verify', resolve('test/parity/alpha'), '--stage', 'schedule', '--json');
  assert.equal(verify.code, 0, verify.stderr);
  const [row] = jsonLines(verify.stdout);
  assert.deepEqual(Object.keys(row!), ['stage', 'case', 'maxAbs', 'maxRel', 'tolerance', 'ok']);
});

test('upscale: twice by default, four times if asked; wrong words are said', async () => {
  for (const [args, factor] of [
    [[], 2],
    [['--scale', '4'], 4],
  ] as const) {
    const { code, stderr } = await run('upscale', SMALL_PICTURE, ...args, '--out', 'large.png');
    assert.equal(code, 0, stderr);
    const before = await decodePicture(await readFile(SMALL_PICTURE));
    const after = await decodePicture(await readFile(join(folder, 'large.png')));
    assert.deepEqual([after.width, after.height], [before.width * factor, before.height * factor]);
  }
  for (const args of [[SMALL_PICTURE, '--scale', '3', '--out', 'a.png'], [SMALL_PICTURE], ['--out', 'a.png']])
    assert.equal((await run('upscale', ...args)).code, 2, args.join(' '));
});
