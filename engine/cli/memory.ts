/** A plan of memory in words: what runs as what, where, and how full it gets. */
import type { ProcessorReason } from '../placing.ts';
import type { CheckpointInfo, RunDevice } from '../protocol.ts';

export const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

type Plan = CheckpointInfo['plans']['create'];

const PARTS: Record<string, string> = {
  languageModel: 'language model',
  visionEncoder: 'vision encoder',
  visualTokenizer: 'visual tokenizer',
  diffusion: 'diffusion transformer',
  vaeEncoder: 'picture encoder',
  vaeDecoder: 'picture decoder',
};
const PRECISIONS = { source: 'as it is', int8: '8 bit', int4: '4 bit' } as const;
const DEVICES = { cpu: 'processor', gpu: 'GPU' } as const;
const HOLDINGS = {
  together: 'all parts stay loaded',
  staged: 'each stage loads its parts and frees the others',
} as const;

const REASONS: Readonly<Record<ProcessorReason, string>> = {
  room: "it doesn't fit",
  numbers: 'its small numbers have no kernel there',
  chosen: 'as you chose',
  untested: "it wasn't tested",
  differs: 'its self-test gave other numbers',
  failed: 'its self-test failed',
  crashed: 'its self-test ended the process',
  processor: 'its self-test left work to the processor',
};

/** On one line: what the device computes, what the processor computes, and why. */
export function describeDevice({ provider, name, parts, onProcessor }: RunDevice): string {
  const words = (part: string) => PARTS[part] ?? part;
  const there =
    parts.length > 0
      ? `${name || provider} computes the ${parts.map(words).join(', ')}`
      : `${name || provider} computes nothing`;
  const here = onProcessor.map(({ part, reason }) => `${words(part)} (${REASONS[reason]})`);
  return here.length > 0 ? `${there}; the processor: ${here.join(', ')}` : there;
}

export function describePlans({ machine, plans }: CheckpointInfo): string[] {
  const gpu = machine.gpuBytes > 0 ? `, ${size(machine.gpuBytes)} of the GPU` : '';
  const { create, edit, chat } = plans;
  return [
    `memory: ${size(machine.freeBytes)} may be taken up${gpu}`,
    ...describePlan(create),
    `a picture needs about ${size(create.peakBytes)} of memory, an edit ${size(edit.peakBytes)}, an answer ${size(chat.peakBytes)}: ${verdict(plans)}`,
  ];
}

export function describePlan(plan: Plan): string[] {
  const parts = Object.entries(plan.placements).map(([part, { precision, device, bytes }]) =>
    [
      `  ${PARTS[part] ?? part}`.padEnd(26),
      size(bytes).padStart(10),
      `  ${PRECISIONS[precision]}, ${DEVICES[device]}`,
    ].join(''),
  );
  const stages = plan.stages.map(({ name, bytes, gpuBytes }) =>
    gpuBytes > 0 ? `${name} ${size(bytes)} + ${size(gpuBytes)} GPU` : `${name} ${size(bytes)}`,
  );
  return [...parts, `  ${HOLDINGS[plan.holding]}: ${stages.join(', ')}`];
}

function verdict({ create, edit, chat }: CheckpointInfo['plans']): string {
  if (create.fits && edit.fits) return 'enough';
  if (create.fits) return 'enough for pictures, not for edits';
  return chat.fits ? 'enough for answers alone' : 'NOT enough';
}
