const RANDOM_BYTES = 15;

/** Random, of the form of the studio's own ids. */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
