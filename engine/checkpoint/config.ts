/** config.json of a checkpoint, checked and typed. */
import type { z } from 'zod';
import { TuskError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { configContradiction } from './config-checks.ts';
import { configSchema } from './config-schema.ts';

export type CheckpointConfig = z.infer<typeof configSchema>;
export type VisionConfig = CheckpointConfig['llm_config']['vision_config'];
export type VisualTokenizerConfig = CheckpointConfig['gen_tokenizer_config'];

/** @throws TuskError `checkpoint-missing` without config.json, `checkpoint-unsupported` naming the bad key. */
export async function readConfig(checkpoint: Checkpoint): Promise<CheckpointConfig> {
  const raw = await checkpoint.readJson('config.json');
  if (raw === undefined) {
    throw new TuskError('checkpoint-missing', 'The checkpoint folder has no config.json.', {
      hint: 'Give the folder that holds config.json and the .safetensors files.',
    });
  }
  return parseConfig(raw);
}

/** @throws TuskError `checkpoint-unsupported` naming the key that is out of range or contradicts another. */
export function parseConfig(raw: unknown): CheckpointConfig {
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw unsupported(`${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  const contradiction = configContradiction(parsed.data);
  if (contradiction) throw unsupported(contradiction);
  return parsed.data;
}

const unsupported = (what: string) =>
  new TuskError('checkpoint-unsupported', `config.json: ${what}.`, {
    hint: 'Tusk runs MammothModa2 checkpoints in the official layout.',
  });
