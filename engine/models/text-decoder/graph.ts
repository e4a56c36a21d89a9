/**
 * Qwen3-VL's text decoder with MammothModa2's generation experts: one graph for a prompt and for a single token.
 * Unusual here:
 * - Rows are split by kind, not chosen by branches: text ids go through `mlp`, generation ids through `gen_mlp`,
 *   and `order` puts the results back. A kind with no rows costs nothing, so any mixture is exact in one run.
 * - The cache is a read-only input padded to a bucket; only the new tokens' keys and values come out. Scores
 *   against past and new keys are computed apart and joined for the softmax, so the cache is never copied.
 *   With its cache in place, in a device's memory, the new keys and values are put where `cache_places` says, and
 *   scores are against the whole of it.
 * - Each head scores only the rows named for it: none, where only states are wanted.
 *
 * Inputs, with N = batch x tokens rows, ordered by batch entry, P = past length, T = P + tokens:
 *   text_ids [t], generation_ids [g] (counted from the generation table's start), t + g = N
 *   text_rows [t], generation_rows [g]  where in 0..N they stand;  order [N]  the inverse
 *   token_index [batch, tokens]         0..N-1, row of `cos` and `sin` for each token
 *   cos, sin [N, headDim / 2]           rotation of each token
 *   attention_bias [batch, 1, 1, tokens, T]  0 where a token sees a key, very negative where not; in place T = P
 *   past_key.i, past_value.i [batch, keyValueHeads, P, headDim]
 *   cache_places [batch * keyValueHeads * tokens, 3]  in place only: row, head, position
 *   picture_rows [p, 1], picture_embeds [p, width], deepstack.j [p, width]
 *   text_head_rows [a], generation_head_rows [b]
 * Outputs: text_logits [a, textVocabulary], generation_logits [b, generationVocabulary],
 *   hidden.0 (embeddings) ... hidden.layers [N, width] (the last one before the final norm),
 *   new_keys, new_values [layers * batch, keyValueHeads, tokens, headDim], or in place
 *   present_key.i, present_value.i, to be written where past_key.i and past_value.i lie.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import type { TextDecoderConfig } from './config.ts';

const MODEL = 'llm_model.model.language_model';

/** Values that every layer reads. */
interface Shared {
  cos: Value;
  sin: Value;
  tokenIndex: Value;
  /** [batch, 1, group * tokens, T] */
  bias: Value;
  /** [batch, tokens] as a shape, to be completed. */
  batchTokens: Value;
  /** What the cache is to a layer. */
  cache: Cache;
  textRows: Value;
  generationRows: Value;
  order: Value;
}

/** `beside`: new keys and values come out of the graph. `in place`: they are written into the cache. */
type CachePlace = 'beside' | 'in place';
/** `spans`: [P, tokens]. `places`: of the new tokens. */
type Cache = { spans: Value } | { places: Value };

interface KeyValue {
  key: Value;
  value: Value;
}

export function buildTextDecoder(
  weights: WeightSource,
  config: TextDecoderConfig,
  place: CachePlace = 'beside',
): BuiltGraph {
  const graph = new GraphBuilder('text-decoder', weights);
  const past = pastInputs(graph, config);
  const shared = sharedInputs(graph, config, past[0]!.key, place);
  const pictureRows = graph.input('picture_rows', 'int64', ['pictures', 1]);

  const embedded = embed(graph, config, shared);
  const pictureEmbeds = graph.input('picture_embeds', 'float32', ['pictures', config.width]);
  let hidden = graph.op('ScatterND', [embedded, pictureRows, pictureEmbeds]);
  outputHidden(graph, config, 0, hidden);
  const kept: KeyValue[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const attended = attention(graph, config, shared, layer, hidden, past[layer]!);
    kept.push(attended.kept);
    hidden = graph.add(hidden, attended.output);
    hidden = graph.add(hidden, feedForward(graph, config, shared, layer, hidden));
    if (layer < config.deepstackCount) hidden = addDeepstack(graph, config, layer, hidden, pictureRows);
    outputHidden(graph, config, layer + 1, hidden);
  }
  heads(graph, config, hidden);
  outputCache(graph, config, kept, place);
  return graph.finish();
}

function outputCache(
  graph: GraphBuilder,
  { keyValueHeads, headDim }: TextDecoderConfig,
  kept: readonly KeyValue[],
  place: CachePlace,
): void {
  if (place === 'in place') {
    const shape = ['batch', keyValueHeads, 'past', headDim];
    for (const [layer, { key, value }] of kept.entries()) {
      graph.output(`present_key.${layer}`, key, 'float32', shape);
      graph.output(`present_value.${layer}`, value, 'float32', shape);
    }
    return;
  }
  const shape = ['layers_batch', keyValueHeads, 'tokens', headDim];
  const joined = (values: readonly Value[]) => graph.concat(values, 0);
  graph.output('new_keys', joined(kept.map(({ key }) => key)), 'float32', shape);
  graph.output('new_values', joined(kept.map(({ value }) => value)), 'float32', shape);
}

function pastInputs(graph: GraphBuilder, config: TextDecoderConfig) {
  const shape = ['batch', config.keyValueHeads, 'past', config.headDim];
  return Array.from({ length: config.layers }, (_, i) => ({
    key: graph.input(`past_key.${i}`, 'float32', shape),
    value: graph.input(`past_value.${i}`, 'float32', shape),
  }));
}

function sharedInputs(
  graph: GraphBuilder,
  config: TextDecoderConfig,
  pastKey: Value,
  place: CachePlace,
): Shared {
  const half = config.headDim / 2;
  const tokenIndex = graph.input('token_index', 'int64', ['batch', 'tokens']);
  const bias = graph.input('attention_bias', 'float32', ['batch', 1, 1, 'tokens', 'total']);
  const batchTokens = graph.op('Shape', [tokenIndex]);
  return {
    cos: graph.input('cos', 'float32', ['rows', half]),
    sin: graph.input('sin', 'float32', ['rows', half]),
    tokenIndex,
    bias: repeatForGroups(graph, config, bias),
    batchTokens,
    cache:
      place === 'in place' ? { places: placesInput(graph) } : { spans: spansOf(graph, pastKey, batchTokens) },
    textRows: graph.input('text_rows', 'int32', ['text']),
    generationRows: graph.input('generation_rows', 'int32', ['generation']),
    order: graph.input('order', 'int32', ['rows']),
  };
}

const placesInput = (graph: GraphBuilder): Value => graph.input('cache_places', 'int64', ['placed', 3]);

function spansOf(graph: GraphBuilder, pastKey: Value, batchTokens: Value): Value {
  const pastLength = graph.op('Shape', [pastKey], { start: 2, end: 3 });
  return graph.concat([pastLength, graph.slice(batchTokens, 0, 1, 2)], 0);
}

/** The bias once for each query head that shares a key head: [batch, 1, group * tokens, T]. */
function repeatForGroups(graph: GraphBuilder, config: TextDecoderConfig, bias: Value): Value {
  const group = config.heads / config.keyValueHeads;
  const repeated = graph.op('Expand', [bias, graph.ints([1, 1, group, 1, 1])]);
  const total = graph.op('Shape', [bias], { start: 4, end: 5 });
  return graph.op('Reshape', [repeated, graph.concat([graph.ints([0, 1, -1]), total], 0)]);
}

function embed(graph: GraphBuilder, config: TextDecoderConfig, shared: Shared): Value {
  const { textVocabulary, generationVocabulary, width } = config;
  const table = `${MODEL}.embed_tokens.weight`;
  const textIds = graph.input('text_ids', 'int32', ['text']);
  const generationIds = graph.input('generation_ids', 'int32', ['generation']);
  const text = graph.embedding(textIds, table, textVocabulary, width);
  const generation = generationVocabulary
    ? graph.embedding(generationIds, `${MODEL}.gen_embed_tokens.weight`, generationVocabulary, width)
    : graph.embedding(generationIds, table, textVocabulary, width);
  return graph.op('Gather', [graph.concat([text, generation], 0), shared.order], { axis: 0 });
}

function outputHidden(graph: GraphBuilder, config: TextDecoderConfig, index: number, hidden: Value): void {
  graph.output(`hidden.${index}`, hidden, 'float32', ['rows', config.width]);
}

function addDeepstack(
  graph: GraphBuilder,
  config: TextDecoderConfig,
  layer: number,
  hidden: Value,
  rows: Value,
): Value {
  const feature = graph.input(`deepstack.${layer}`, 'float32', ['pictures', config.width]);
  return graph.op('ScatterND', [hidden, rows, feature], { reduction: 'add' });
}

/** Queries that share a key head are stacked as rows of one product: head h reads key head h / group. */
function attention(
  graph: GraphBuilder,
  config: TextDecoderConfig,
  shared: Shared,
  layer: number,
  hidden: Value,
  past: KeyValue,
): { output: Value; kept: KeyValue } {
  const prefix = `${MODEL}.layers.${layer}`;
  const { heads, keyValueHeads, headDim, width, attentionBias, epsilon } = config;
  const normed = graph.rmsNorm(hidden, `${prefix}.input_layernorm.weight`, width, epsilon);
  const project = (name: string, count: number): Value => {
    const rows = graph.linear(normed, `${prefix}.self_attn.${name}`, width, count * headDim, attentionBias);
    return graph.op('Reshape', [rows, graph.concat([shared.batchTokens, graph.ints([count, headDim])], 0)]);
  };
  const rotate = (perHead: Value): Value => {
    const inputs = [byHead(graph, perHead), shared.tokenIndex, shared.cos, shared.sin];
    return graph.op('RotaryEmbedding', inputs, { interleaved: 0 }, 'com.microsoft');
  };
  const normHeads = (perHead: Value, name: string, scale: number): Value => {
    const weight = graph.weight(`${prefix}.self_attn.${name}.weight`, [headDim]);
    return graph.rmsNormBy(perHead, graph.mul(weight, graph.scalar(scale)), epsilon);
  };
  const query = rotate(normHeads(project('q_proj', heads), 'q_norm', headDim ** -0.5));
  const key = rotate(normHeads(project('k_proj', keyValueHeads), 'k_norm', 1));
  const value = byHead(graph, project('v_proj', keyValueHeads));

  const grouped = graph.reshape(query, [0, keyValueHeads, -1, headDim]);
  const fresh = { key, value };
  const [mixed, kept] =
    'places' in shared.cache
      ? attendInPlace(graph, shared.bias, shared.cache.places, grouped, past, fresh, headDim)
      : [attend(graph, shared.bias, shared.cache.spans, grouped, past, fresh), fresh];
  const byToken = graph.transpose(graph.reshape(mixed, [0, heads, -1, headDim]), [0, 2, 1, 3]);
  const rows = graph.reshape(byToken, [-1, heads * headDim]);
  const output = graph.linear(rows, `${prefix}.self_attn.o_proj`, heads * headDim, width, attentionBias);
  return { output, kept };
}

/** [batch, tokens, heads, headDim] -> [batch, heads, tokens, headDim] */
const byHead = (graph: GraphBuilder, x: Value) => graph.transpose(x, [0, 2, 1, 3]);

/** Softmax over past and new keys together. query [batch, keyValueHeads, group * tokens, headDim] */
function attend(
  graph: GraphBuilder,
  bias: Value,
  spans: Value,
  query: Value,
  past: KeyValue,
  fresh: KeyValue,
): Value {
  const scores = [past.key, fresh.key].map((keys) =>
    graph.matmul(query, graph.transpose(keys, [0, 1, 3, 2])),
  );
  const weights = graph.softmax(graph.add(graph.concat(scores, 3), bias));
  const [onPast, onNew] = graph.ops('Split', [weights, spans], 2, { axis: 3 });
  return graph.add(graph.matmul(onPast!, past.value), graph.matmul(onNew!, fresh.value));
}

/** The same over a cache that the new keys and values are put into first. */
function attendInPlace(
  graph: GraphBuilder,
  bias: Value,
  places: Value,
  query: Value,
  past: KeyValue,
  fresh: KeyValue,
  headDim: number,
): [mixed: Value, kept: KeyValue] {
  const put = (cache: Value, rows: Value) =>
    graph.op('ScatterND', [cache, places, graph.reshape(rows, [-1, headDim])]);
  const key = put(past.key, fresh.key);
  const value = put(past.value, fresh.value);
  const scores = graph.matmul(query, graph.transpose(key, [0, 1, 3, 2]));
  return [graph.matmul(graph.softmax(graph.add(scores, bias)), value), { key, value }];
}

function feedForward(
  graph: GraphBuilder,
  config: TextDecoderConfig,
  shared: Shared,
  layer: number,
  hidden: Value,
): Value {
  const prefix = `${MODEL}.layers.${layer}`;
  const normed = graph.rmsNorm(
    hidden,
    `${prefix}.post_attention_layernorm.weight`,
    config.width,
    config.epsilon,
  );
  if (!config.experts[layer]) return mlp(graph, config, `${prefix}.mlp`, normed);
  const text = graph.op('Gather', [normed, shared.textRows], { axis: 0 });
  const generation = graph.op('Gather', [normed, shared.generationRows], { axis: 0 });
  const both = [
    mlp(graph, config, `${prefix}.mlp`, text),
    mlp(graph, config, `${prefix}.gen_mlp`, generation),
  ];
  return graph.op('Gather', [graph.concat(both, 0), shared.order], { axis: 0 });
}

function mlp(graph: GraphBuilder, config: TextDecoderConfig, prefix: string, rows: Value): Value {
  const { width, ffnWidth } = config;
  const gate = graph.linear(rows, `${prefix}.gate_proj`, width, ffnWidth, false);
  const up = graph.linear(rows, `${prefix}.up_proj`, width, ffnWidth, false);
  return graph.linear(graph.mul(graph.silu(gate), up), `${prefix}.down_proj`, ffnWidth, width, false);
}

function heads(graph: GraphBuilder, config: TextDecoderConfig, hidden: Value): void {
  const score = (kind: string, weight: string, vocabulary: number) => {
    const rows = graph.input(`${kind}_head_rows`, 'int32', [`${kind}_scored`]);
    const picked = graph.op('Gather', [hidden, rows], { axis: 0 });
    const normed = graph.rmsNorm(picked, `${MODEL}.norm.weight`, config.width, config.epsilon);
    const logits = graph.linear(normed, weight, config.width, vocabulary, false);
    graph.output(`${kind}_logits`, logits, 'float32', [`${kind}_scored`, vocabulary]);
  };
  score('text', config.tied ? `${MODEL}.embed_tokens` : 'llm_model.lm_head', config.textVocabulary);
  if (config.generationVocabulary) score('generation', 'llm_model.gen_head', config.generationVocabulary);
}
