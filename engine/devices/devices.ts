/**
 * The devices of this computer as people know them: which provider reaches them, what their self-test found, and which
 * of them a run's parts may use. Nothing is tested unless asked for.
 */
import { cpus, totalmem } from 'node:os';
import { TuskError } from '../errors.ts';
import type { ModelDevice } from '../load.ts';
import type { DeviceRoom } from '../memory/plan.ts';
import type { AttentionForm } from '../onnx/graph.ts';
import { type DeviceProvider, PARTS, type PartName, type Provider } from '../placing.ts';
import { offeredProviders, runtimeVersion } from '../runtime/provider.ts';
import { type GraphicsProcessor, graphicsProcessors, type System, thisSystem } from './graphics.ts';
import { type Attempt, type DeviceRecord, DeviceRecords, type Outcome } from './records.ts';
import { INT4_TEST, runSelfTest, type SelfTestRequest } from './self-test.ts';

/** `untested`: its self-test wasn't run, or not with this driver and version. */
export type DeviceState = 'ready' | 'partly' | 'unusable' | 'untested';

export interface Device {
  provider: Provider;
  name: string;
  memoryBytes: number | null;
  freeBytes: number | null;
  state: DeviceState;
  /** How attention is computed on it. */
  attention?: AttentionForm;
  /** What each test found. */
  tests: Record<string, Outcome>;
}

/** What a person decides. */
export interface DeviceChoice {
  /** `auto`, also if absent: the first that is tested and ready, else the processor. */
  device?: 'auto' | Provider | undefined;
  /** Parts that are put on it; absent = all that can be. */
  deviceParts?: readonly PartName[] | undefined;
}

export interface ChosenDevice {
  device: ModelDevice;
  name: string;
  room: DeviceRoom;
}

export interface DevicesOptions {
  /** File in which results are kept. */
  file: string;
  /** Of the device, in place of what the system says. */
  gpuBytes?: number | undefined;
  system?: System;
}

/** WebGPU first: it alone keeps the decoder's cache in its memory. */
const ORDER: readonly DeviceProvider[] = ['webgpu', 'dml', 'coreml', 'cuda'];
/** Only devices of this maker are reached. */
const MAKERS: Partial<Record<Provider, RegExp>> = { cuda: /nvidia/i, coreml: /apple/i };

export class Devices {
  private readonly records: DeviceRecords;
  private found: Promise<GraphicsProcessor[]> | undefined;

  constructor(private readonly options: DevicesOptions) {
    this.records = new DeviceRecords(options.file);
  }

  /** All that this build of onnxruntime offers on this system, the processor first. */
  async list(): Promise<Device[]> {
    const graphics = await this.graphics();
    return Promise.all(offeredProviders().map((provider) => this.describe(provider, graphics)));
  }

  /** Runs a device's self-test, or goes on with one that ended the process. @throws TuskError `bad-setting`, CancelledError */
  async test(request: Omit<SelfTestRequest, 'key' | 'records'>): Promise<Device> {
    const { provider } = request;
    assertOffered(provider);
    const graphics = await this.graphics();
    const key = keyOf(provider, graphics);
    await runSelfTest({ ...request, key, records: this.records });
    return this.describe(provider, graphics);
  }

  /**
   * The device of a run; undefined = the processor.
   * @throws TuskError `bad-setting` if the person names one that isn't there, isn't tested or can't compute
   */
  async choose({ device = 'auto', deviceParts }: DeviceChoice): Promise<ChosenDevice | undefined> {
    if (device === 'cpu') return undefined;
    if (device !== 'auto') assertOffered(device);
    else if (await this.records.isEmpty()) return undefined;
    const devices = await this.list();
    const wanted = device === 'auto' ? ORDER : [device];
    const found = wanted.map((provider) => devices.find((each) => each.provider === provider));
    const usable = found.find((each) => each && (each.state === 'ready' || each.state === 'partly'));
    if (usable) return this.chosen(usable, deviceParts);
    if (device === 'auto') return undefined;
    throw unusable(found[0]!);
  }

  /** Asking takes a second on some systems, and drivers don't change while a process lives. */
  private graphics(): Promise<GraphicsProcessor[]> {
    this.found ??= graphicsProcessors(this.options.system ?? thisSystem);
    return this.found;
  }

  private async describe(provider: Provider, graphics: readonly GraphicsProcessor[]): Promise<Device> {
    if (provider === 'cpu') {
      const name = cpus()[0]?.model.trim() || 'Processor';
      const memory = { memoryBytes: totalmem(), freeBytes: process.availableMemory() };
      return { provider, name, ...memory, state: 'ready', tests: {} };
    }
    const card = graphics.find(({ name }) => (MAKERS[provider] ?? /./).test(name));
    const record = await this.records.get(provider, keyOf(provider, graphics));
    const best = record && bestAttempt(record);
    return {
      provider,
      name: card?.name ?? '',
      memoryBytes: card?.memoryBytes ?? null,
      freeBytes: card?.freeBytes ?? null,
      state: record?.isDone ? stateOf(best?.attempt) : 'untested',
      ...(best && { attention: best.attention }),
      tests: best?.attempt.outcomes ?? {},
    };
  }

  /** A device that has no memory of its own shares the computer's. */
  private async chosen(found: Device, parts: readonly PartName[] = PARTS): Promise<ChosenDevice> {
    const provider = found.provider as DeviceProvider;
    const record = await this.records.get(provider, keyOf(provider, await this.graphics()));
    const { attention, attempt } = bestAttempt(record!)!;
    const barred: DeviceRoom['barred'] = {};
    for (const part of PARTS) {
      const outcome = attempt.outcomes[part];
      if (!parts.includes(part)) barred[part] = 'chosen';
      else if (!outcome?.ok) barred[part] = outcome?.reason ?? 'untested';
    }
    return {
      device: { provider, attention, operators: new Set(attempt.operators) },
      name: found.name,
      room: {
        gpuBytes: this.options.gpuBytes ?? found.freeBytes ?? process.availableMemory(),
        barred,
        hasInt4: attempt.outcomes[INT4_TEST]?.ok ?? false,
        attention,
      },
    };
  }
}

/** A new driver, card or version makes results stale. */
export const keyOf = (provider: Provider, graphics: readonly GraphicsProcessor[]): string =>
  [runtimeVersion(), provider, ...graphics.map(({ name, driver }) => `${name} ${driver}`)].join(' | ');

const passed = ({ outcomes }: Attempt): number => Object.values(outcomes).filter(({ ok }) => ok).length;

/** The form of attention by which more was right; fused ones first. */
function bestAttempt({
  attempts: { fused, plain },
}: DeviceRecord): { attention: AttentionForm; attempt: Attempt } | undefined {
  if (plain && (!fused || passed(plain) > passed(fused))) return { attention: 'plain', attempt: plain };
  return fused && { attention: 'fused', attempt: fused };
}

function stateOf(attempt: Attempt | undefined): DeviceState {
  if (!attempt || !PARTS.some((part) => attempt.outcomes[part]?.ok)) return 'unusable';
  return Object.values(attempt.outcomes).every(({ ok }) => ok) ? 'ready' : 'partly';
}

function assertOffered(provider: Provider): void {
  const offered = offeredProviders();
  if (offered.includes(provider)) return;
  throw new TuskError('bad-setting', `There is no ${provider} on this system.`, {
    hint: `There is ${offered.join(', ')}.`,
  });
}

function unusable({ provider, state, tests }: Device): TuskError {
  if (state === 'untested')
    return new TuskError('bad-setting', `The device ${provider} wasn't tested on this computer yet.`, {
      hint: `Run \`tusk devices --test ${provider}\`.`,
    });
  const detail = Object.values(tests).find(({ ok }) => !ok)?.detail;
  return new TuskError(
    'bad-setting',
    `The device ${provider} can't be used here${detail ? `: ${detail}` : '.'}`,
    {
      hint: 'Use the processor: --device cpu.',
    },
  );
}
