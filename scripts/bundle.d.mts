/** What tests use of bundle.mjs. */
export const ROOT: string;
/** Makes the bundles of the engine in dist/ if they are old. */
export function buildEngine(): Promise<void>;
