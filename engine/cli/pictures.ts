/** `tusk create` and `tusk edit`. */
import { mkdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SOLVERS, type Solver } from '../choices.ts';
import { TuskError } from '../errors.ts';
import { assertWritable, writeWhole } from '../files.ts';
import type { ParamsInput, PictureResult } from '../protocol.ts';
import {
  type Arguments,
  memoryOption,
  numberOption,
  sizeOption,
  textOption,
  UsageError,
} from './arguments.ts';
import { type CommandSession, printJson, runVerb } from './session.ts';

/** More lines than anyone waits for; stops a wrong file before it costs a night. */
const MAX_PROMPTS = 100_000;

export async function runCreate(session: CommandSession, parsed: Arguments): Promise<void> {
  if (textOption(parsed, 'from') !== undefined) return createMany(session, parsed);
  const [prompt, ...rest] = parsed.positionals;
  if (prompt === undefined) throw new UsageError('create needs a prompt.');
  if (rest.length > 0) throw new UsageError('Put the prompt in quotes.');
  const out = outOption(parsed);
  const params = { ...createSettings(parsed), prompt };
  await assertWritable(out);
  await save(session, await runVerb(session, 'create', params), out);
}

export async function runEdit(session: CommandSession, parsed: Arguments): Promise<void> {
  const pictures = parsed.positionals.slice(0, -1);
  const instruction = parsed.positionals.at(-1);
  if (instruction === undefined || pictures.length === 0)
    throw new UsageError('edit needs a picture and an instruction.');
  const out = outOption(parsed);
  const params = {
    ...pictureSettings(parsed),
    instruction,
    pictures: pictures.map((path) => ({ path })),
    imageGuidance: numberOption(parsed, 'image-guidance'),
  };
  await assertWritable(out);
  await save(session, await runVerb(session, 'edit', params), out);
}

/** One load, many pictures. What is finished stays when a later one fails or the run is cancelled. */
async function createMany(session: CommandSession, parsed: Arguments): Promise<void> {
  const folder = textOption(parsed, 'out-dir');
  if (folder === undefined) throw new UsageError('--from needs --out-dir.');
  if (parsed.positionals.length > 0) throw new UsageError('Give a prompt or --from, not both.');
  const prompts = await readPrompts(textOption(parsed, 'from')!);
  const settings = createSettings(parsed);
  const firstSeed = settings.seed ?? 0;
  const perPrompt = settings.images ?? 1;
  for (const [index, prompt] of prompts.entries()) {
    const out = join(folder, `${String(index + 1).padStart(4, '0')}.png`);
    const seed = firstSeed + index * perPrompt;
    const result = await runVerb(session, 'create', { ...settings, prompt, seed });
    await mkdir(folder, { recursive: true });
    await save(session, result, out);
  }
}

async function readPrompts(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new TuskError('not-found', `${path} can't be read.`, { cause, hint: 'Give a text file.' });
  });
  const prompts = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (prompts.length === 0) throw new TuskError('bad-prompt', `${path} holds no prompt.`);
  if (prompts.length > MAX_PROMPTS)
    throw new TuskError('bad-prompt', `${path} holds more than ${MAX_PROMPTS} prompts.`);
  return prompts;
}

export function outOption(parsed: Arguments): string {
  const out = textOption(parsed, 'out');
  if (out === undefined) throw new UsageError('Say where the picture goes: --out p.png');
  if (extname(out).toLowerCase() !== '.png') throw new UsageError('Pictures are PNG files: --out p.png');
  return out;
}

function pictureSettings(parsed: Arguments) {
  return {
    checkpoint: textOption(parsed, 'checkpoint'),
    memory: memoryOption(parsed),
    negative: textOption(parsed, 'negative'),
    seed: numberOption(parsed, 'seed'),
    steps: numberOption(parsed, 'steps'),
    guidance: numberOption(parsed, 'guidance'),
    planGuidance: numberOption(parsed, 'plan-guidance'),
    preset: textOption(parsed, 'preset'),
    solver: solverOption(parsed),
    images: numberOption(parsed, 'images'),
    replay: textOption(parsed, 'replay'),
    previews: parsed.values.json === true,
  };
}

function solverOption(parsed: Arguments): Solver | undefined {
  const given = textOption(parsed, 'solver');
  const solver = SOLVERS.find((name) => name === given);
  if (given === undefined || solver) return solver;
  throw new UsageError(`--solver is ${SOLVERS.join(' or ')}, not "${given}".`);
}

function createSettings(parsed: Arguments): Omit<ParamsInput<'create'>, 'prompt'> {
  return { ...pictureSettings(parsed), size: sizeOption(parsed) };
}

async function save(session: CommandSession, result: PictureResult, out: string): Promise<void> {
  const files: string[] = [];
  for (const [index, { picture }] of result.pictures.entries()) {
    const path = result.pictures.length === 1 ? out : numbered(out, index + 1);
    await writeWhole(path, picture.bytes);
    files.push(path);
  }
  if (session.json) printJson(doneEvent(result, files));
  else process.stdout.write(`${files.join('\n')}\n`);
}

const numbered = (out: string, number: number): string =>
  `${out.slice(0, -extname(out).length)}-${number}${extname(out)}`;

function doneEvent(result: PictureResult, files: readonly string[]) {
  const pictures = result.pictures.map(({ picture, recipe }, i) => ({
    file: files[i],
    width: picture.width,
    height: picture.height,
    sizeBytes: picture.bytes.length,
    seed: recipe.seed,
    recipe,
  }));
  return { event: 'done', pictures, timings: result.timings, tokens: result.tokens };
}
