/** How often a fault is tried: `short` in `npm test`, `long` in `npm run test:long`. */
export const rounds = (short: number, long: number): number => (process.env.TUSK_TEST_LONG ? long : short);
