/** A checkpoint's language model as a ready object: config to graphs to sessions. The vision encoder's waits for a picture. */
import type { CheckpointConfig } from './checkpoint/config.ts';
import { DeviceCaches } from './decoding/device-cache.ts';
import { type Decoder, LanguageModel } from './decoding/language-model.ts';
import { buildCacheGraphs } from './models/text-decoder/cache.ts';
import { type TextDecoderConfig, textDecoderConfig } from './models/text-decoder/config.ts';
import { buildTextDecoder } from './models/text-decoder/graph.ts';
import { visionEncoderConfig } from './models/vision-encoder/config.ts';
import { buildVisionEncoder } from './models/vision-encoder/graph.ts';
import type { BuiltGraph, WeightSource } from './onnx/graph.ts';
import { LazySession } from './runtime/lazy-session.ts';
import { Session, type SessionOptions } from './runtime/session.ts';

/** What the vision encoder is made of where that isn't the decoder's. */
export interface VisionSource {
  weights: WeightSource;
  options: SessionOptions;
}

/** @throws TuskError `checkpoint-damaged` or `checkpoint-unsupported`, naming the tensor or key. */
export async function loadLanguageModel(
  weights: WeightSource,
  config: CheckpointConfig,
  options: SessionOptions = {},
  seeing: VisionSource = { weights, options },
): Promise<LanguageModel> {
  const text = textDecoderConfig(config);
  const vision = visionEncoderConfig(config);
  const encoder = new LazySession(buildVisionEncoder(seeing.weights, vision), seeing.options);
  const decoder = await loadDecoder(weights, text, options);
  const visionShape = { ...vision, deepstackCount: vision.deepstack.size };
  return new LanguageModel({ ...text, vision: visionShape }, decoder, encoder);
}

/** Where onnxruntime leaves outputs on a device, the cache stays there. */
async function loadDecoder(
  weights: WeightSource,
  config: TextDecoderConfig,
  options: SessionOptions,
): Promise<Decoder> {
  if (options.device?.provider !== 'webgpu')
    return Session.create(buildTextDecoder(weights, config), options);
  const decoder = await Session.create(buildTextDecoder(weights, config, 'in place'), options);
  const create = (graph: BuiltGraph) => Session.create(graph, { ...options, resident: ['made'] });
  const { zeros, take, put, grow } = buildCacheGraphs();
  return new DeviceCaches(decoder, {
    zeros: await create(zeros),
    take: await create(take),
    put: await create(put),
    grow: await create(grow),
  });
}
