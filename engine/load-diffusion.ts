/** A checkpoint's diffusion transformer and VAE as ready objects: config to graphs to sessions. */
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { CheckpointConfig } from './checkpoint/config.ts';
import { VaeDecoder, VaeEncoder } from './diffusion/latents.ts';
import { DiffusionModel, type DiffusionSessions } from './diffusion/model.ts';
import { QueryFormer } from './diffusion/query-former.ts';
import { type ConditionSizes, conditionSizes } from './models/condition/config.ts';
import { buildCaptionEmbedder, buildQueryFormer } from './models/condition/graph.ts';
import { MOST_REFERENCES, transformerSizes } from './models/diffusion-transformer/config.ts';
import {
  buildContextRefiner,
  buildJoint,
  buildModulation,
  buildNoiseRefiner,
  buildReferenceEmbedder,
  buildReferenceRefiner,
} from './models/diffusion-transformer/graph.ts';
import { type VaeSizes, vaeSizes } from './models/vae/config.ts';
import { buildVaeDecoder, buildVaeEncoder } from './models/vae/graph.ts';
import { buildTinyDecoder } from './models/vae/tiny-decoder.ts';
import type { BuiltGraph, WeightSource } from './onnx/graph.ts';
import { Session, type SessionOptions } from './runtime/session.ts';

/** The whole of it, Q-Former and caption embedder included. @throws TuskError `checkpoint-damaged` or `checkpoint-unsupported` naming the tensor or key. */
export async function loadDiffusionModel(
  weights: WeightSource,
  config: CheckpointConfig,
  options: SessionOptions = {},
): Promise<DiffusionModel> {
  const sizes = { ...transformerSizes(config), mostReferences: MOST_REFERENCES };
  const condition = conditionSizes(config);
  const { queries, ...sessions } = await createAll(
    {
      captionEmbedder: buildCaptionEmbedder(weights, condition),
      queries: buildQueryFormer(weights, condition),
      contextRefiner: buildContextRefiner(weights, sizes),
      modulation: buildModulation(weights, sizes),
      referenceEmbedder: buildReferenceEmbedder(weights, sizes),
      referenceRefiner: buildReferenceRefiner(weights, sizes),
      noiseRefiner: buildNoiseRefiner(weights, sizes),
      joint: buildJoint(weights, sizes),
    },
    options,
  );
  return new DiffusionModel(sizes, sessions satisfies DiffusionSessions, new QueryFormer(queries));
}

/** The Q-Former alone. @param prefix of its tensors' names; default: the checkpoint's */
export async function loadQueryFormer(
  weights: WeightSource,
  sizes: ConditionSizes,
  prefix?: string,
  options: SessionOptions = {},
): Promise<QueryFormer> {
  return new QueryFormer(await Session.create(buildQueryFormer(weights, sizes, prefix), options));
}

/** Needed for reference pictures only. */
export async function loadVaeEncoder(
  weights: WeightSource,
  config: CheckpointConfig,
  options: SessionOptions = {},
): Promise<VaeEncoder> {
  const sizes = vaeSizes(config);
  return new VaeEncoder(sizes, await Session.create(buildVaeEncoder(weights, sizes), options));
}

const decoderBy =
  <W>(build: (weights: W, sizes: VaeSizes) => BuiltGraph) =>
  async (weights: W, config: CheckpointConfig, options: SessionOptions = {}): Promise<VaeDecoder> => {
    const sizes = vaeSizes(config);
    return new VaeDecoder(sizes, await Session.create(build(weights, sizes), options));
  };

export const loadVaeDecoder = decoderBy<WeightSource>(buildVaeDecoder);

/** Stands in for the VAE decoder; its weights are a file of their own. @throws TuskError `checkpoint-damaged`. */
export const loadTinyDecoder = decoderBy<Checkpoint>(buildTinyDecoder);

/** A session for each graph; if one fails, those already made are freed. */
async function createAll<Name extends string>(
  graphs: Record<Name, BuiltGraph>,
  options: SessionOptions,
): Promise<Record<Name, Session>> {
  const sessions: Partial<Record<Name, Session>> = {};
  try {
    for (const [name, graph] of Object.entries<BuiltGraph>(graphs)) {
      sessions[name as Name] = await Session.create(graph, options);
    }
    return sessions as Record<Name, Session>;
  } catch (error) {
    await Promise.all(Object.values<Session | undefined>(sessions).map((session) => session?.dispose()));
    throw error;
  }
}
