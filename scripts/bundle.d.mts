import type { BuildOptions } from 'esbuild';

/** What tests use of bundle.mjs. */
export const ROOT: string;
/** Makes the bundles of the engine in dist/ if they are old. */
export function buildEngine(): Promise<void>;
/** @param options of esbuild. Files are renamed into place, so that two commands may build at once. */
export function bundle(options: BuildOptions & { outdir: string }): Promise<void>;
