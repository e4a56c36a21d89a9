/** What a checkpoint is made of: its networks, their sizes, the memory they take, and whether all weights are finite. */
import { throwIfCancelled } from '../errors.ts';
import type { TensorEntry } from './safetensors.ts';
import { isFiniteTensor } from './tensor-values.ts';

/** Network -> how its tensors' names start; the first that fits counts. */
const NETWORKS = {
  'text decoder': ['llm_model.model.language_model.', 'llm_model.lm_head.', 'llm_model.gen_head.'],
  'vision encoder': ['llm_model.model.visual.'],
  'visual tokenizer': ['gen_tokenizer.'],
  'condition embedders': ['gen_transformer.time_caption_embed.'],
  'diffusion transformer': ['gen_transformer.'],
  vae: ['gen_vae.'],
  other: [''],
} as const;
type NetworkName = keyof typeof NETWORKS;

export interface NetworkDescription {
  name: NetworkName;
  parameters: number;
  tensors: number;
  /** On disk. */
  bytes: number;
  /** dtype on disk -> parameters. */
  dtypes: Record<string, number>;
}

/** The networks a checkpoint has, in the order a picture passes them. */
export function describeNetworks(tensors: Iterable<TensorEntry>): NetworkDescription[] {
  const networks = new Map<NetworkName, NetworkDescription>();
  for (const name of Object.keys(NETWORKS) as NetworkName[])
    networks.set(name, { name, parameters: 0, tensors: 0, bytes: 0, dtypes: {} });
  for (const entry of tensors) count(networks.get(networkOf(entry.name))!, entry);
  return [...networks.values()].filter(({ tensors }) => tensors > 0);
}

function networkOf(tensorName: string): NetworkName {
  const found = Object.entries(NETWORKS).find(([, starts]) => starts.some((s) => tensorName.startsWith(s)));
  return found![0] as NetworkName;
}

function count(network: NetworkDescription, { dtype, shape, length }: TensorEntry): void {
  const parameters = shape.reduce((product, size) => product * size, 1);
  network.parameters += parameters;
  network.tensors += 1;
  network.bytes += length;
  network.dtypes[dtype] = (network.dtypes[dtype] ?? 0) + parameters;
}

/** Names of the tensors that hold an infinity or a NaN. Reads every weight once, in pieces. */
export async function findNonFinite(tensors: Iterable<TensorEntry>, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for (const tensor of tensors) {
    throwIfCancelled(signal);
    if (!(await isFiniteTensor(tensor, signal))) found.push(tensor.name);
  }
  return found;
}
