/** `tusk upscale`: a picture, larger. */
import { assertWritable, writeWhole } from '../files.ts';
import { type Arguments, textOption, UsageError } from './arguments.ts';
import { outOption } from './pictures.ts';
import { type CommandSession, printJson, runVerb } from './session.ts';

const FACTORS = { '2': 2, '4': 4 } as const;

export async function runUpscale(session: CommandSession, parsed: Arguments): Promise<void> {
  const [path, ...rest] = parsed.positionals;
  if (path === undefined || rest.length > 0) throw new UsageError('upscale needs one picture.');
  const scale = textOption(parsed, 'scale') ?? '2';
  if (!Object.hasOwn(FACTORS, scale)) throw new UsageError(`--scale is 2 or 4, not "${scale}".`);
  const out = outOption(parsed);
  await assertWritable(out);
  const factor = FACTORS[scale as keyof typeof FACTORS];
  const params = { picture: { path }, factor, previews: session.json };
  const { picture, loadMs, totalMs } = await runVerb(session, 'upscale', params);
  await writeWhole(out, picture.bytes);
  const { width, height } = picture;
  if (session.json) printJson({ event: 'done', file: out, width, height, loadMs, totalMs });
  else process.stdout.write(`${out}\n`);
}
