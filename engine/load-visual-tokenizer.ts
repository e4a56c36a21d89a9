/** A checkpoint's visual tokenizer as a ready object: config to graphs to sessions. */
import type { CheckpointConfig } from './checkpoint/config.ts';
import { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import { buildVisualTokenizerDecoder } from './models/visual-tokenizer/decoder.ts';
import { buildVisualTokenizerEncoder } from './models/visual-tokenizer/encoder.ts';
import type { WeightSource } from './onnx/graph.ts';
import { Session, type SessionOptions } from './runtime/session.ts';

/** @throws TuskError `checkpoint-damaged` or `checkpoint-unsupported`, naming the tensor or key. */
export async function loadVisualTokenizer(
  weights: WeightSource,
  config: CheckpointConfig,
  options: SessionOptions = {},
): Promise<VisualTokenizer> {
  const sizes = config.gen_tokenizer_config;
  const encoder = await Session.create(buildVisualTokenizerEncoder(weights, sizes), options);
  try {
    const decoder = await Session.create(buildVisualTokenizerDecoder(weights, sizes), options);
    return new VisualTokenizer(sizes.codebook_size, encoder, decoder);
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
}
