/**
 * The diffusion transformer over its sessions. `prepare` computes once what no step changes (captions, queries,
 * context, angles, embedded references) and gives an object that denoises.
 */
import { TuskError } from '../errors.ts';
import { floatOutput, type Session } from '../runtime/session.ts';
import { type FloatTensor, intTensor } from '../runtime/tensor.ts';
import { toPatches } from './patches.ts';
import { PreparedDiffusion } from './prepared.ts';
import type { QueryFormer } from './query-former.ts';
import { type Axes, positionsOf, type RotationTable, rotationTable, type TokenGrid } from './rotation.ts';
import { joinRows } from './rows.ts';
import { timeFeatures } from './schedule.ts';

/** Named after the graphs of models/condition and models/diffusion-transformer. */
export interface DiffusionSessions {
  captionEmbedder: Session;
  contextRefiner: Session;
  modulation: Session;
  referenceEmbedder: Session;
  referenceRefiner: Session;
  noiseRefiner: Session;
  joint: Session;
}

export interface DiffusionSizes extends Axes {
  width: number;
  /** Channels of the latents. */
  channels: number;
  /** Edge of a patch in latent pixels. */
  patch: number;
  timeScale: number;
  mostReferences: number;
}

/** Hidden states of the language model, attended ones only. */
export interface Condition {
  /** [n, state width]; n may be 0. */
  text: FloatTensor;
  /** States of the visual tokens [m, state width], where there are any. */
  image?: FloatTensor;
  /** States of the negative prompt [k, state width]. Without them nothing can be guided. */
  negative?: FloatTensor;
}

/** Latent pixels, multiples of the patch size. */
export interface LatentSize {
  rows: number;
  columns: number;
}

/** Rows the noise is put behind, and the angles of all rows. */
export interface Context {
  rows: FloatTensor;
  rotation: RotationTable;
}

export class DiffusionModel {
  private modulated: { key: string; weights: Record<string, FloatTensor> } | undefined;

  constructor(
    readonly sizes: DiffusionSizes,
    readonly sessions: DiffusionSessions,
    private readonly queryFormer: QueryFormer,
  ) {}

  /**
   * @param references latents [1, channels, rows, columns] of up to five pictures, of any sizes
   * @param size of the picture to make
   * @throws TuskError `bad-setting` for sizes that aren't whole patches, too many references or positions
   */
  async prepare(
    condition: Condition,
    references: readonly FloatTensor[],
    size: LatentSize,
  ): Promise<PreparedDiffusion> {
    this.assertReferences(references);
    const grid = this.grid(size);
    const referenceGrids = references.map(({ shape }) => this.grid({ rows: shape[2]!, columns: shape[3]! }));
    const embedded = [];
    for (const [i, latents] of references.entries()) embedded.push(await this.embedReference(latents, i));
    return new PreparedDiffusion(this, condition, { grid, referenceGrids, embedded, size });
  }

  /** Refined text and query rows, and the angles of a sequence that goes on with `pictures`. */
  async context(
    text: FloatTensor,
    image: FloatTensor | undefined,
    pictures: readonly TokenGrid[],
  ): Promise<Context> {
    const parts = [];
    if (text.data.length > 0) parts.push(await this.embedCaption(text));
    if (image && image.data.length > 0) parts.push(await this.queryFormer.condense(image));
    const rows = joinRows(parts, this.sizes.width);
    const count = rows.shape[0]!;
    const rotation = rotationTable(positionsOf(count, pictures), this.sizes);
    if (count === 0) return { rows, rotation };
    const own = rotationTable(positionsOf(count, []), this.sizes);
    const outputs = await this.sessions.contextRefiner.run({ rows, ...own });
    return { rows: floatOutput(outputs, 'refined'), rotation };
  }

  /** The weights of every modulated norm at these times, all steps in one run. Those of the last schedule are kept. */
  async modulate(times: Float32Array): Promise<Record<string, FloatTensor>> {
    const key = times.join();
    if (this.modulated?.key === key) return this.modulated.weights;
    this.modulated = undefined;
    const outputs = await this.sessions.modulation.run({
      time: timeFeatures(times, this.sizes.timeScale),
    });
    const weights = Object.fromEntries(
      Object.keys(outputs).map((name) => [name, floatOutput(outputs, name)]),
    );
    this.modulated = { key, weights };
    return weights;
  }

  async dispose(): Promise<void> {
    const sessions = Object.values(this.sessions) as Session[];
    await Promise.all([this.queryFormer.dispose(), ...sessions.map((session) => session.dispose())]);
  }

  private async embedCaption(states: FloatTensor): Promise<FloatTensor> {
    return floatOutput(await this.sessions.captionEmbedder.run({ states }), 'rows');
  }

  private async embedReference(latents: FloatTensor, index: number): Promise<FloatTensor> {
    const feeds = { patches: toPatches(latents, this.sizes.patch), index: intTensor([index], []) };
    return floatOutput(await this.sessions.referenceEmbedder.run(feeds), 'rows');
  }

  private assertReferences(references: readonly FloatTensor[]): void {
    const most = this.sizes.mostReferences;
    if (references.length <= most) return;
    throw new TuskError('bad-setting', `${references.length} reference pictures are too many.`, {
      hint: `Give ${most} at most.`,
    });
  }

  private grid({ rows, columns }: LatentSize): TokenGrid {
    const { patch } = this.sizes;
    if (rows > 0 && columns > 0 && rows % patch === 0 && columns % patch === 0) {
      return { rows: rows / patch, columns: columns / patch };
    }
    throw new TuskError(
      'bad-setting',
      `Latents of ${rows} x ${columns} don't divide into patches of ${patch} x ${patch}.`,
      { hint: 'Use another picture size.' },
    );
  }
}
