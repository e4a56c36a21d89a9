/** Names and memory of graphics processors, from what the systems' own tools print. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphicsProcessors, type System } from '../../../engine/devices/graphics.ts';

/** A system whose commands print and whose files hold what is given. */
const system = (
  platform: NodeJS.Platform,
  commands: Record<string, string> = {},
  files: Record<string, string> = {},
): System => ({
  platform,
  run: async (command) => commands[command],
  read: async (path) => files[path],
  list: async (folder) => [
    ...new Set(
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0]!),
    ),
  ],
});

const card = (n: number, files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/class/drm/card${n}/device/${name}`, text]),
  );

const NVIDIA_SMI = 'NVIDIA GeForce RTX 4070, 12282, 11014, 560.35.03\n';
const PCI_IDS = [
  '# comment',
  '1002  Advanced Micro Devices, Inc. [AMD/ATI]',
  '\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]',
  '\t\t1002 0e3b  Reference',
  '8086  Intel Corporation',
  '\t9a49  TigerLake-LP GT2 [Iris Xe Graphics]',
  '',
].join('\n');

test('NVIDIA cards tell name, memory and driver', async () => {
  const found = await graphicsProcessors(system('linux', { 'nvidia-smi': NVIDIA_SMI }));
  assert.deepEqual(found, [
    {
      name: 'NVIDIA GeForce RTX 4070',
      memoryBytes: 12_282 * 2 ** 20,
      freeBytes: 11_014 * 2 ** 20,
      driver: '560.35.03',
    },
  ]);
});

test('other cards of Linux are named by the list of PCI devices, memory as the driver tells it', async () => {
  const files = {
    '/usr/share/misc/pci.ids': PCI_IDS,
    ...card(0, { vendor: '0x8086\n', device: '0x9a49\n', uevent: 'DRIVER=i915\n' }),
    ...card(1, {
      vendor: '0x1002\n',
      device: '0x744c\n',
      uevent: 'DRIVER=amdgpu\nPCI_CLASS=30000\n',
      mem_info_vram_total: '25753026560\n',
      mem_info_vram_used: '1000000\n',
    }),
  };
  assert.deepEqual(await graphicsProcessors(system('linux', {}, files)), [
    {
      name: 'AMD Radeon RX 7900 XT/7900 XTX',
      memoryBytes: 25_753_026_560,
      freeBytes: 25_752_026_560,
      driver: 'amdgpu',
    },
    { name: 'Intel Iris Xe Graphics', memoryBytes: null, freeBytes: null, driver: 'i915' },
  ]);
});

test('a card that no list names has its numbers for a name; one that nvidia-smi told is told once', async () => {
  const unknown = card(0, { vendor: '0x1002', device: '0xffff', uevent: '' });
  const [found] = await graphicsProcessors(system('linux', {}, unknown));
  assert.equal(found!.name, 'AMD graphics (1002:ffff)');
  const twice = card(0, { vendor: '0x10de', device: '0x2786', uevent: '' });
  assert.equal((await graphicsProcessors(system('linux', { 'nvidia-smi': NVIDIA_SMI }, twice))).length, 1);
});

test('Windows and macOS name their adapters; one adapter comes without a list around it', async () => {
  const one = JSON.stringify({ Name: 'Intel(R) UHD Graphics 770', DriverVersion: '31.0.101' });
  assert.deepEqual(await graphicsProcessors(system('win32', { 'powershell.exe': one })), [
    { name: 'Intel(R) UHD Graphics 770', memoryBytes: null, freeBytes: null, driver: '31.0.101' },
  ]);
  const mac = JSON.stringify({ SPDisplaysDataType: [{ sppci_model: 'Apple M3 Pro' }] });
  assert.equal(
    (await graphicsProcessors(system('darwin', { system_profiler: mac })))[0]!.name,
    'Apple M3 Pro',
  );
});

test('a system that says nothing, or nonsense, has none', async () => {
  assert.deepEqual(await graphicsProcessors(system('linux')), []);
  assert.deepEqual(await graphicsProcessors(system('linux', { 'nvidia-smi': 'No devices were found' })), []);
  assert.deepEqual(await graphicsProcessors(system('win32', { 'powershell.exe': 'x' })), []);
  assert.deepEqual(await graphicsProcessors(system('freebsd')), []);
});
