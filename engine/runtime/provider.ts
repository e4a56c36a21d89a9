/** What onnxruntime computes with: its execution providers that Tusk knows, and which of them this build offers. */
import { env, listSupportedBackends } from 'onnxruntime-node';
import { type DeviceProvider, PROVIDERS, type Provider } from '../placing.ts';

/** Those of this build on this system; whether one opens a session only trying tells. */
export const offeredProviders = (): Provider[] => {
  const offered = listSupportedBackends().map(({ name }) => name);
  return PROVIDERS.filter((provider) => offered.includes(provider));
};

/** Kernels change with it. */
export const runtimeVersion = (): string => env.versions.node ?? env.versions.common;

/** A device other than the processor, as a session uses it. */
export interface DeviceUse {
  provider: DeviceProvider;
  /** Kinds of graph nodes it has been seen to compute rightly on its own. Absent: any, in a self-test. */
  operators?: ReadonlySet<string>;
  /** Of a self-test: what its sessions do is written down there. */
  trace?: Trace;
}

export interface Trace {
  /** For a profile of each session. */
  folder: string;
  /** Kinds of nodes of all graphs that became sessions. */
  operators: Set<string>;
}
