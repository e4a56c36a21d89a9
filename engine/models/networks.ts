/** All graphs of a checkpoint, for those who want to know which tensors they take rather than to run them. */
import type { CheckpointConfig } from '../checkpoint/config.ts';
import type { BuiltGraph, WeightSource } from '../onnx/graph.ts';
import { conditionSizes } from './condition/config.ts';
import { buildCaptionEmbedder, buildQueryFormer } from './condition/graph.ts';
import { transformerSizes } from './diffusion-transformer/config.ts';
import {
  buildContextRefiner,
  buildJoint,
  buildModulation,
  buildNoiseRefiner,
  buildReferenceEmbedder,
  buildReferenceRefiner,
} from './diffusion-transformer/graph.ts';
import { textDecoderConfig } from './text-decoder/config.ts';
import { buildTextDecoder } from './text-decoder/graph.ts';
import { vaeSizes } from './vae/config.ts';
import { buildVaeDecoder, buildVaeEncoder } from './vae/graph.ts';
import { visionEncoderConfig } from './vision-encoder/config.ts';
import { buildVisionEncoder } from './vision-encoder/graph.ts';
import { buildVisualTokenizerDecoder } from './visual-tokenizer/decoder.ts';
import { buildVisualTokenizerEncoder } from './visual-tokenizer/encoder.ts';

/** @throws TuskError `checkpoint-damaged`, `checkpoint-unsupported` of the first tensor that isn't as the config implies */
export function buildNetworks(weights: WeightSource, config: CheckpointConfig): BuiltGraph[] {
  const transformer = transformerSizes(config);
  const condition = conditionSizes(config);
  const vae = vaeSizes(config);
  return [
    buildTextDecoder(weights, textDecoderConfig(config)),
    buildVisionEncoder(weights, visionEncoderConfig(config)),
    buildVisualTokenizerEncoder(weights, config.gen_tokenizer_config),
    buildVisualTokenizerDecoder(weights, config.gen_tokenizer_config),
    buildCaptionEmbedder(weights, condition),
    buildQueryFormer(weights, condition),
    buildContextRefiner(weights, transformer),
    buildReferenceEmbedder(weights, transformer),
    buildModulation(weights, transformer),
    buildReferenceRefiner(weights, transformer),
    buildNoiseRefiner(weights, transformer),
    buildJoint(weights, transformer),
    buildVaeEncoder(weights, vae),
    buildVaeDecoder(weights, vae),
  ];
}
