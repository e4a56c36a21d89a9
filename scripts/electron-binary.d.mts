/** What tests use of electron-binary.mjs. */
export function electronBinary(): string | undefined;
