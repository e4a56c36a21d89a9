/** `tusk devices`: what this computer can compute with, and the self-test of one of them. */

import { throughLosses } from '../client.ts';
import { type DeviceProvider, PROVIDERS } from '../placing.ts';
import { type DeviceInfo, MOST_TEST_LOSSES } from '../protocol.ts';
import { spawnEngine } from '../spawn.ts';
import { type Arguments, textOption, UsageError } from './arguments.ts';
import { size } from './memory.ts';
import { type CommandSession, printJson, runVerb } from './session.ts';

export const PROVIDER_NAMES: Readonly<Record<DeviceInfo['provider'], string>> = {
  cpu: 'processor',
  webgpu: `WebGPU over ${{ win32: 'Direct3D 12', darwin: 'Metal' }[process.platform as string] ?? 'Vulkan'}`,
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'CoreML',
};
const STATES = {
  ready: 'ready',
  partly: 'ready for some parts',
  unusable: "can't be used",
  untested: 'not tested yet',
} as const;
const REASONS = {
  differs: 'gives other numbers than the processor',
  failed: 'failed',
  crashed: 'ended the process',
  processor: 'left work to the processor',
} as const;

export async function runDevices(session: CommandSession, parsed: Arguments): Promise<void> {
  if (parsed.positionals.length > 0) throw new UsageError('devices takes no arguments, but --test WHICH.');
  const word = textOption(parsed, 'test');
  const test = PROVIDERS.filter((provider) => provider !== 'cpu').find((provider) => provider === word);
  if (word !== undefined && !test)
    throw new UsageError(`--test is ${PROVIDERS.slice(1).join(', ')}, not "${word}".`);
  const { devices } = test ? await testApart(session, test) : await runVerb(session, 'devices', {});
  if (session.json) printJson({ event: 'done', devices });
  else process.stdout.write(devices.flatMap(describe).join('\n').concat('\n'));
}

/** In processes of their own, since a driver may end them. */
const testApart = (session: CommandSession, test: DeviceProvider) =>
  throughLosses(MOST_TEST_LOSSES, async () => {
    const engine = spawnEngine();
    try {
      return await runVerb({ ...session, client: () => engine.client }, 'devices', { test });
    } finally {
      await engine.stop();
    }
  });

/** On one line: how a device is called here and what its self-test came to. */
export function describeFound({ provider, name, memoryBytes, state, attention }: DeviceInfo): string {
  const memory = memoryBytes === null ? '' : `, ${size(memoryBytes)}`;
  const how = attention === 'plain' && state !== 'unusable' ? ', attention written out' : '';
  return `${provider.padEnd(8)}${[name, PROVIDER_NAMES[provider]].filter(Boolean).join(', ')}${memory}: ${STATES[state]}${how}`;
}

function describe(device: DeviceInfo): string[] {
  const failed = Object.entries(device.tests).filter(([, { ok }]) => !ok);
  return [
    describeFound(device),
    ...failed.map(([test, { reason, detail }]) =>
      [`  ${test}`.padEnd(20), reason ? REASONS[reason] : '', detail ? `: ${detail}` : ''].join(''),
    ),
  ];
}
