/**
 * The cache in a device's memory: for each layer keys and values [rows, heads, capacity, headDim]. A pass writes the
 * new tokens' part in place, so nothing of it ever crosses to the host.
 */
import type { DeviceTensor } from '../runtime/device-tensor.ts';
import type { Session } from '../runtime/session.ts';
import { intTensor, type Tensor } from '../runtime/tensor.ts';
import { BUCKET, type CacheSizes, type DecoderCache, targetRows } from './decoder-cache.ts';
import { visibilityInPlace } from './decoder-inputs.ts';

/** Sessions of the graphs of models/text-decoder/cache.ts, their outputs resident. */
export interface CacheSessions {
  zeros: Session;
  take: Session;
  put: Session;
  grow: Session;
}

/** Makes caches, and frees those that are left before their sessions: memory that outlives them ends the process. */
export class DeviceCaches {
  readonly live = new Set<DeviceCache>();

  constructor(
    /** Graph `text-decoder`, its cache in place. */
    readonly decoder: Session,
    readonly sessions: CacheSessions,
  ) {}

  create(sizes: CacheSizes, rows: number): DeviceCache {
    return new DeviceCache(sizes, rows, this);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.live].map((cache) => cache.dispose()));
    const { zeros, take, put, grow } = this.sessions;
    await Promise.all([this.decoder, zeros, take, put, grow].map((session) => session.dispose()));
  }
}

const KINDS = ['key', 'value'] as const;

export class DeviceCache implements DecoderCache {
  private capacity = 0;
  /** Named as the decoder's inputs are, without `past_` or `present_`. */
  private storage = new Map<string, DeviceTensor>();
  private lengths: number[];
  /** Passes and copies one after the other. */
  private idle: Promise<void> = Promise.resolve();

  constructor(
    private readonly sizes: CacheSizes,
    readonly rows: number,
    private readonly owner: DeviceCaches,
  ) {
    owner.live.add(this);
    this.lengths = new Array<number>(rows).fill(0);
  }

  length(row: number): number {
    return this.lengths[row]!;
  }

  truncate(row: number, length: number): void {
    this.lengths[row] = Math.min(length, this.lengths[row]!);
  }

  forward(
    target: number | 'all',
    tokens: number,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>> {
    return this.next(async () => {
      const rows = targetRows(this, target);
      await this.reserve(Math.max(...rows.map((row) => this.lengths[row]!)) + tokens);
      const cached = rows.map((row) => this.lengths[row]!);
      const isPart = rows.length < this.rows;
      const storage = isPart ? await this.taken(rows) : this.storage;
      const outputs = await this.owner.decoder.run(
        {
          ...feeds,
          ...renamed(storage, 'past'),
          cache_places: places(cached, tokens, this.sizes.keyValueHeads),
          attention_bias: visibilityInPlace(cached, tokens, this.capacity),
        },
        fetches,
        renamed(storage, 'present'),
      );
      if (isPart) await this.putBack(storage, rows[0]!);
      for (const row of rows) this.lengths[row]! += tokens;
      return outputs;
    });
  }

  select(rows: readonly number[]): DeviceCache {
    const copy = new DeviceCache(this.sizes, rows.length, this.owner);
    copy.lengths = rows.map((row) => this.lengths[row]!);
    copy.idle = this.next(async () => {
      copy.capacity = this.capacity;
      copy.storage = await this.taken(rows);
    });
    // Told by the copy's first pass.
    copy.idle.catch(() => undefined);
    return copy;
  }

  /** Once what is under way is done. */
  dispose(): Promise<void> {
    return this.next(async () => {
      this.replace(new Map());
      this.owner.live.delete(this);
    });
  }

  private next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.idle.then(work);
    this.idle = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  private async reserve(length: number): Promise<void> {
    if (length <= this.capacity) return;
    const capacity = Math.ceil(length / BUCKET) * BUCKET;
    const shape = [this.rows, this.sizes.keyValueHeads, capacity - this.capacity, this.sizes.headDim];
    const zeros = () => this.owner.sessions.zeros.make({ shape: intTensor(shape, [shape.length]) });
    if (this.capacity === 0) for (const name of names(this.sizes)) this.storage.set(name, await zeros());
    else {
      const further = await zeros();
      this.replace(
        await this.each(this.storage, (cache) => this.owner.sessions.grow.make({ cache, further })),
      );
      further.dispose();
    }
    this.capacity = capacity;
  }

  private taken(rows: readonly number[]): Promise<Map<string, DeviceTensor>> {
    const wanted = intTensor(rows, [rows.length]);
    return this.each(this.storage, (cache) => this.owner.sessions.take.make({ cache, wanted }));
  }

  private async putBack(parts: Map<string, DeviceTensor>, index: number): Promise<void> {
    const row = intTensor([index], [1, 1]);
    const put = (cache: DeviceTensor, name: string) =>
      this.owner.sessions.put.make({ cache, row, taken: parts.get(name)! });
    this.replace(await this.each(this.storage, put));
    for (const part of parts.values()) part.dispose();
  }

  private async each(
    storage: Map<string, DeviceTensor>,
    make: (cache: DeviceTensor, name: string) => Promise<DeviceTensor>,
  ): Promise<Map<string, DeviceTensor>> {
    const made = new Map<string, DeviceTensor>();
    for (const [name, cache] of storage) made.set(name, await make(cache, name));
    return made;
  }

  private replace(storage: Map<string, DeviceTensor>): void {
    for (const tensor of this.storage.values()) tensor.dispose();
    this.storage = storage;
  }
}

const names = ({ layers }: CacheSizes): string[] =>
  Array.from({ length: layers }, (_, layer) => KINDS.map((kind) => `${kind}.${layer}`)).flat();

const renamed = (storage: Map<string, DeviceTensor>, prefix: string): Record<string, DeviceTensor> =>
  Object.fromEntries([...storage].map(([name, tensor]) => [`${prefix}_${name}`, tensor]));

/** Where new keys and values go: [batch * heads * tokens, 3] of row, head and position. */
function places(cached: readonly number[], tokens: number, heads: number): Tensor {
  const count = cached.length * heads * tokens;
  const data = new BigInt64Array(count * 3);
  for (let i = 0; i < count; i++) {
    const row = Math.floor(i / (heads * tokens));
    data[3 * i] = BigInt(row);
    data[3 * i + 1] = BigInt(Math.floor(i / tokens) % heads);
    data[3 * i + 2] = BigInt(cached[row]! + (i % tokens));
  }
  return { type: 'int64', shape: [count, 3], data };
}
