/** A checkpoint's language model as a ready object: config to graphs to sessions. */
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { CheckpointConfig } from './checkpoint/config.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import { TuskError } from './errors.ts';
import type { SessionOptions } from './runtime/session.ts';

/** @throws TuskError `checkpoint-damaged` or `checkpoint-unsupported`, naming the tensor or key. */
export async function loadLanguageModel(
  _checkpoint: Checkpoint,
  _config: CheckpointConfig,
  _options: SessionOptions = {},
): Promise<LanguageModel> {
  throw new TuskError('internal', 'The language model is not written yet.');
}
