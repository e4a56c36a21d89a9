/** How often a fault is tried: `short` in `npm test`, `long` in `npm run test:long`. */
export const rounds = <T>(short: T, long: T): T => (process.env.TUSK_TEST_LONG ? long : short);
