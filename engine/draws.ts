/** Where a run's random numbers come from: a seed, or a dump of another run's (ids and noise). */
import { readSafetensorsHeader } from './checkpoint/safetensors.ts';
import { readTensor } from './checkpoint/tensor-values.ts';
import { RandomStream, STREAMS } from './decoding/random.ts';
import { TuskError } from './errors.ts';
import { elementCount, type FloatTensor, floatTensor } from './runtime/tensor.ts';

export interface Draws {
  /** Uniform numbers for the plan of one picture. */
  plan(seed: number): () => number;
  /** Initial noise of the diffusion. */
  noise(seed: number, shape: readonly number[]): FloatTensor;
  /** Noise of a reference picture's posterior. */
  posterior(seed: number, index: number, shape: readonly number[]): FloatTensor;
  /** Ids to take in place of prompt and plan. */
  ids?: readonly number[];
  /** [1, channels, rows, columns] of `noise`, where it is given: it sets the picture's size. */
  noiseShape?: readonly number[];
}

export const seededDraws: Draws = {
  plan: (seed) => new RandomStream(seed, STREAMS.plan).uniform,
  noise: (seed, shape) => normal(new RandomStream(seed, STREAMS.noise), shape),
  posterior: (seed, index, shape) => {
    const stream = new RandomStream(seed, STREAMS.posterior);
    for (let i = 0; i < index; i++) stream.normals(elementCount(shape));
    return normal(stream, shape);
  },
};

const normal = (stream: RandomStream, shape: readonly number[]): FloatTensor =>
  floatTensor(stream.normals(elementCount(shape)), shape);

/** @param replay path of a dump; without one every draw comes from the seed */
export const drawsOf = async (replay: string | undefined): Promise<Draws> =>
  replay === undefined ? seededDraws : replayDraws(replay);

/**
 * @param path a .safetensors file with any of `mid.ids`, `in.noise`, `in.posterior_noise.<reference>`
 * @throws TuskError of the safetensors reader; `bad-setting` if it has none of them
 */
export async function replayDraws(path: string): Promise<Draws> {
  const entries = new Map((await readSafetensorsHeader(path)).map((entry) => [entry.name, entry]));
  const read = async (name: string): Promise<FloatTensor | undefined> => {
    const entry = entries.get(name);
    return entry && floatTensor(Float32Array.from(await readTensor(entry)), entry.shape);
  };
  const ids = await read('mid.ids');
  const noise = await read('in.noise');
  const names = [...entries.keys()].filter((name) => name.startsWith('in.posterior_noise.'));
  const posteriors = await Promise.all(names.sort().map(read));
  if (!ids && !noise && posteriors.length === 0) {
    throw new TuskError('bad-setting', `${path} holds no ids and no noise to replay.`, {
      hint: 'It needs mid.ids, in.noise or in.posterior_noise.0.',
    });
  }
  return {
    ...seededDraws,
    ...(ids && { ids: Array.from(ids.data) }),
    ...(noise && { noiseShape: noise.shape, noise: (_seed, shape) => fitting('in.noise', noise, shape) }),
    posterior: (seed, index, shape) => {
      const given = posteriors[index];
      return given
        ? fitting(`in.posterior_noise.${index}`, given, shape)
        : seededDraws.posterior(seed, index, shape);
    },
  };
}

/** @throws TuskError `bad-setting` if the dump belongs to another size or model. */
function fitting(name: string, tensor: FloatTensor, shape: readonly number[]): FloatTensor {
  if (tensor.shape.join() === shape.join()) return tensor;
  throw new TuskError('bad-setting', `${name} has shape [${tensor.shape}], the run needs [${shape}].`, {
    hint: 'Replay with the model and the size the dump was made with.',
  });
}
