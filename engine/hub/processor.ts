/** What of the processor decides how weights are rounded. */
import { readFile } from 'node:fs/promises';

/**
 * x64 processors without these multiply 8-bit numbers in pairs whose 16-bit sums saturate; weights of 7 bits can't.
 * https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
const EXACT_PRODUCTS = /\b(avx512_vnni|avx_vnni|amx_int8)\b/;

export interface IntegerUnit {
  /** As it stands in a compile's key. */
  name: string;
  /** Largest number an 8-bit weight may have. */
  levels: 127 | 63;
}

/** Where it can't be told, the careful one. */
export async function integerUnit(): Promise<IntegerUnit> {
  if (process.arch !== 'x64') return { name: process.arch, levels: 127 };
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return EXACT_PRODUCTS.test(flags) ? { name: 'x64 vnni', levels: 127 } : { name: 'x64', levels: 63 };
}
