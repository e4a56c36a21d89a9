/** The graphics processors that the system itself knows of. Tells names and memory; what can be computed, only trying tells. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GraphicsProcessor {
  /** As people know it. */
  name: string;
  /** Of its own; null where it shares the computer's, or the system doesn't tell. */
  memoryBytes: number | null;
  freeBytes: number | null;
  /** Version of its driver; empty where the system doesn't tell. */
  driver: string;
}

/** What is asked of the system; each answer is undefined where there is none. */
export interface System {
  platform: NodeJS.Platform;
  run: (command: string, args: readonly string[]) => Promise<string | undefined>;
  read: (path: string) => Promise<string | undefined>;
  list: (folder: string) => Promise<string[]>;
}

const PATIENCE_MS = 5_000;

export const thisSystem: System = {
  platform: process.platform,
  run: (command, args) =>
    new Promise((resolve) => {
      execFile(command, [...args], { timeout: PATIENCE_MS, windowsHide: true }, (error, stdout) =>
        resolve(error ? undefined : stdout),
      );
    }),
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  list: (folder) => readdir(folder).catch(() => []),
};

/** The largest first. Empty where there are none, or the system has no word for them. */
export async function graphicsProcessors(system: System = thisSystem): Promise<GraphicsProcessor[]> {
  const found = await (FINDERS[system.platform] ?? (async () => []))(system);
  return found.sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
}

type Finder = (system: System) => Promise<GraphicsProcessor[]>;

const nvidia: Finder = async ({ run }) => {
  const query = '--query-gpu=name,memory.total,memory.free,driver_version';
  const text = await run('nvidia-smi', [query, '--format=csv,noheader,nounits']);
  return lines(text).flatMap((line) => {
    const [name, total, free, driver] = line.split(',').map((cell) => cell.trim());
    const bytes = (mebibytes: string | undefined) =>
      Number.isFinite(Number(mebibytes)) ? Number(mebibytes) * 2 ** 20 : null;
    return name && driver ? [{ name, memoryBytes: bytes(total), freeBytes: bytes(free), driver }] : [];
  });
};

const DRM = '/sys/class/drm';
const PCI_NAMES = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'];
const VENDORS: Readonly<Record<string, string>> = { '1002': 'AMD', '10de': 'NVIDIA', '8086': 'Intel' };

const linux: Finder = async (system) => {
  const cards = (await system.list(DRM)).filter((name) => /^card\d+$/.test(name));
  const found = await Promise.all(cards.map((card) => ofCard(system, join(DRM, card, 'device'))));
  const known = await nvidia(system);
  const others = found.flatMap((card) =>
    card && !(known.length > 0 && card.vendor === '10de') ? [card] : [],
  );
  return [...known, ...others.map(({ vendor: _, ...card }) => card)];
};

async function ofCard({ read }: System, folder: string) {
  const file = async (name: string) => (await read(join(folder, name)))?.trim();
  const [vendor, device] = [await file('vendor'), await file('device')].map((id) => id?.replace(/^0x/, ''));
  if (!vendor || !device || !VENDORS[vendor]) return undefined;
  const [total, used] = [await file('mem_info_vram_total'), await file('mem_info_vram_used')].map(Number);
  const hasMemory = Number.isFinite(total) && Number.isFinite(used);
  const driver = (await file('uevent'))?.match(/^DRIVER=(.*)$/m)?.[1] ?? '';
  return {
    vendor,
    name: (await file('product_name')) || (await pciName(read, vendor, device)),
    memoryBytes: hasMemory ? total! : null,
    freeBytes: hasMemory ? total! - used! : null,
    driver,
  };
}

/** From the system's list of PCI devices: vendors at the start of a line, their devices behind a tab. */
async function pciName(read: System['read'], vendor: string, device: string): Promise<string> {
  const own = `${VENDORS[vendor]} graphics (${vendor}:${device})`;
  for (const path of PCI_NAMES) {
    const [, devices] = (await read(path))?.split(new RegExp(`^${vendor}  `, 'm')) ?? [];
    const ofVendor = devices?.split(/^[0-9a-f]{4} {2}/m)[0];
    const name = ofVendor?.match(new RegExp(`^\\t${device} {2}(.*)$`, 'm'))?.[1];
    if (name) return `${VENDORS[vendor]} ${name.match(/\[(.*)\]/)?.[1] ?? name}`;
  }
  return own;
}

const windows: Finder = async (system) => {
  const known = await nvidia(system);
  const script = 'Get-CimInstance Win32_VideoController | Select-Object Name,DriverVersion | ConvertTo-Json';
  const text = await system.run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]);
  const entries = [parse(text)].flat() as ({ Name?: string; DriverVersion?: string } | undefined)[];
  const others = entries.flatMap((entry) => {
    const { Name: name, DriverVersion: driver = '' } = entry ?? {};
    const isKnown = !name || known.some((card) => card.name === name);
    return isKnown ? [] : [{ name, memoryBytes: null, freeBytes: null, driver }];
  });
  return [...known, ...others];
};

const mac: Finder = async ({ run }) => {
  const text = await run('system_profiler', ['SPDisplaysDataType', '-json']);
  const { SPDisplaysDataType: cards = [] } = (parse(text) ?? {}) as {
    SPDisplaysDataType?: { sppci_model?: string }[];
  };
  return cards.flatMap(({ sppci_model: name }) =>
    name ? [{ name, memoryBytes: null, freeBytes: null, driver: '' }] : [],
  );
};

const FINDERS: Partial<Record<NodeJS.Platform, Finder>> = { linux, win32: windows, darwin: mac };

const lines = (text: string | undefined): string[] => text?.split('\n').filter((line) => line.trim()) ?? [];

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
