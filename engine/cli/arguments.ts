/** The command line's words: what each command takes, and how it is called wrongly. */
import { parseArgs } from 'node:util';
import { PARTS, PROVIDERS, type Provider } from '../placing.ts';

export class UsageError extends Error {}

export const USAGE = `Tusk: make pictures, edit them by saying so, ask about them.

  tusk create "<prompt>" --out p.png      make a picture
  tusk create --from prompts.txt --out-dir folder
                                          one picture a line: 0001.png, 0002.png ..., seeds counted up
  tusk edit <picture...> "<instruction>" --out p.png
                                          change the last picture; earlier ones are further references
  tusk chat [picture...] "<question>"     one answer; without a question a conversation that also makes and edits
  tusk upscale <picture> --out p.png      twice as large, or with --scale 4 four times
  tusk info [checkpoint]                  networks, parameters, memory (--quick: without reading the weights)
  tusk devices                            processor and graphics processors, and what their self-tests found
                                          (--test webgpu, cuda, dml or coreml runs the test of one)
  tusk verify <parity folder>             compare this machine's numbers with the reference (--stage S,
                                          --device webgpu, cuda, dml or coreml: those of a tested device)
  tusk import <folder>                    a checkpoint folder or hub cache, checked and copied (--to FOLDER)
  tusk download <owner/name>              a checkpoint from a model hub; Ctrl-C pauses, the same command goes on
                                          (--to FOLDER, --endpoint URL, --revision NAME; token in HF_TOKEN)
  tusk compile <folder>                   a smaller, approximate copy: 4-bit language model, 8-bit diffusion
                                          (--to FOLDER; absent: kept by Tusk and used when memory asks for it)
  tusk compile --list                     the copies Tusk keeps; --remove [folder] deletes that one, or all

Settings of create and edit (absent: the model's own)
  --seed N             0 to 2^53 - 1; the same seed gives the same picture
  --size W or WxH      pixels (create only)
  --steps N            denoising steps
  --guidance N         how closely the picture follows the words; 1 = off
  --plan-guidance N    the same for the plan
  --image-guidance N   how closely an edit follows its source (edit only)
  --preset NAME        best (equal to the reference), balanced, fast, or one of the model's own
  --solver NAME        euler or second-order, which needs fewer steps
  --images N           several pictures, seeds counted up: p-1.png, p-2.png ...
  --negative TEXT      what the picture should not be
  --checkpoint FOLDER  another model than the embedded one
  --memory AMOUNT      what may be taken up, such as 12GB; --gpu-memory AMOUNT on a GPU (also chat and info, or
                       TUSK_MEMORY, TUSK_GPU_MEMORY); absent: what is free, and no GPU
  --holding HOW        together (all parts stay loaded) or staged; --precision source or compiled; absent: what fits
  --device WHERE       cpu, webgpu, cuda, dml, coreml or auto (a tested GPU, else the processor); webgpu:diffusion
                       puts one part there, parts with commas between (also chat)
  --replay DUMP        a .safetensors file with ids and noise in place of the draws
  --json               one event a line on standard output

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 cancelled.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const budget = { memory: text, 'gpu-memory': text } as const;
const choice = { ...budget, holding: text, precision: text, device: text } as const;
const common = { checkpoint: text, json: flag, help: { type: 'boolean', short: 'h' } } as const;
const picture = {
  ...common,
  ...choice,
  out: { type: 'string', short: 'o' },
  seed: text,
  steps: text,
  guidance: text,
  'plan-guidance': text,
  preset: text,
  solver: text,
  images: text,
  negative: text,
  replay: text,
} as const;

/** Options of each command, for `parseArgs`. */
export const OPTIONS = {
  create: { ...picture, size: text, from: text, 'out-dir': text },
  edit: { ...picture, 'image-guidance': text },
  chat: { ...common, ...choice, seed: text, 'max-tokens': text },
  upscale: { out: picture.out, scale: text, json: flag, help: common.help },
  info: { ...common, ...budget, quick: flag },
  devices: { test: text, json: flag, help: common.help },
  verify: { json: flag, stage: text, device: text, help: common.help },
  import: { ...budget, to: text, json: flag, help: common.help },
  compile: { to: text, list: flag, remove: flag, json: flag, help: common.help },
  download: { ...budget, to: text, endpoint: text, revision: text, json: flag, help: common.help },
} as const;

export type CommandName = keyof typeof OPTIONS;

export interface Arguments {
  positionals: string[];
  values: Readonly<Record<string, string | boolean | undefined>>;
}

/** @throws UsageError for an unknown option or one without its value. */
export function parseCommand(name: CommandName, argv: readonly string[]): Arguments {
  try {
    const { positionals, values } = parseArgs({
      args: joinNegativeNumbers(argv),
      options: OPTIONS[name],
      allowPositionals: true,
    });
    return { positionals, values: values as Arguments['values'] };
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** `--seed -1` is meant as a value, not as another option. */
function joinNegativeNumbers(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of argv) {
    const previous = joined.at(-1);
    const isValue = /^-\d/.test(word) && previous !== undefined && /^--[a-z-]+$/.test(previous);
    if (isValue) joined[joined.length - 1] = `${previous}=${word}`;
    else joined.push(word);
  }
  return joined;
}

export function textOption({ values }: Arguments, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** @throws UsageError if the option isn't a number; whether the number makes sense is the protocol's question. */
export function numberOption(parsed: Arguments, name: string): number | undefined {
  const value = textOption(parsed, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number))
    throw new UsageError(`--${name} needs a number, not "${value}".`);
  return number;
}

/** "256" or "256x192" -> pixels. @throws UsageError for anything else. */
export function sizeOption(parsed: Arguments): { width: number; height: number } | undefined {
  const value = textOption(parsed, 'size');
  if (value === undefined) return undefined;
  const match = /^(\d{1,9})(?:[x*](\d{1,9}))?$/i.exec(value);
  if (!match) throw new UsageError(`--size needs pixels such as 256 or 256x192, not "${value}".`);
  return { width: Number(match[1]), height: Number(match[2] ?? match[1]) };
}

/** What of a model's place in memory the person decides. @throws UsageError */
export const memoryOption = (parsed: Arguments) => ({
  holding: oneOf(parsed, 'holding', ['together', 'staged']),
  precision: oneOf(parsed, 'precision', ['source', 'compiled']),
  ...deviceOption(parsed),
});

/** A device alone, without parts. @throws UsageError */
export const providerOption = (parsed: Arguments): Provider | undefined => oneOf(parsed, 'device', PROVIDERS);

/** `webgpu` or `webgpu:diffusion,vaeDecoder`. @throws UsageError */
function deviceOption(parsed: Arguments) {
  const [device, list] = textOption(parsed, 'device')?.split(':') ?? [];
  const words = list?.split(',');
  return {
    device: known('device', device, ['auto', ...PROVIDERS]),
    deviceParts: words?.map((word) => known('device', word, PARTS)!),
  };
}

function oneOf<Word extends string>(
  parsed: Arguments,
  name: string,
  words: readonly Word[],
): Word | undefined {
  return known(name, textOption(parsed, name), words);
}

function known<Word extends string>(
  name: string,
  given: string | undefined,
  words: readonly Word[],
): Word | undefined {
  const word = words.find((each) => each === given);
  if (given === undefined || word) return word;
  throw new UsageError(`--${name} is ${words.join(' or ')}, not "${given}".`);
}
