/** What may be computed where: the words that the plan of memory, the devices, the protocol and errors share. */

/** onnxruntime's names of what computes: the processor, then what reaches a GPU. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Provider = (typeof PROVIDERS)[number];
export type DeviceProvider = Exclude<Provider, 'cpu'>;

/** What is loaded and freed as one. */
export const PARTS = [
  'languageModel',
  'visionEncoder',
  'visualTokenizer',
  'diffusion',
  'vaeEncoder',
  'vaeDecoder',
] as const;
export type PartName = (typeof PARTS)[number];

/** Why a self-test isn't passed: other numbers, an error, nothing since the process ended, or the processor computed. */
export const TEST_FAILURES = ['differs', 'failed', 'crashed', 'processor'] as const;

/**
 * Why a part isn't on the run's device. `room`: it doesn't fit there. `numbers`: of 4 or 8 bits, for which it has no
 * kernel. `chosen`: the person's word. All others: what its self-test found.
 */
export const PROCESSOR_REASONS = ['room', 'numbers', 'chosen', 'untested', ...TEST_FAILURES] as const;
export type ProcessorReason = (typeof PROCESSOR_REASONS)[number];
