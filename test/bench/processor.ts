/** The processor as its benchmark figures need it: name, cores, and which vector and matrix units it has. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

const UNITS = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_bf16', 'amx_int8'];

export interface Processor {
  name: string;
  cores: number;
  /** Of UNITS those it has; empty where they can't be told. */
  units: string[];
}

export function processor(): Processor {
  const flags = new Set(flagsOf());
  return {
    name: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    units: UNITS.filter((unit) => flags.has(unit)),
  };
}

export const describeProcessor = ({ name, cores, units }: Processor): string =>
  `${cores} x ${name} (${units.join(' ') || 'unknown units'}; AMX: ${units.includes('amx_int8') ? 'yes' : 'no'})`;

/** Linux says them; elsewhere nothing is claimed. */
function flagsOf(): string[] {
  try {
    return /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/) ?? [];
  } catch {
    return [];
  }
}
