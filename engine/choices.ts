/** How a picture may be computed, in the words of requests, recipes and tusk.json; the first is the reference's way. */

/** How steps follow the velocity. */
export const SOLVERS = ['euler', 'second-order'] as const;
export type Solver = (typeof SOLVERS)[number];

/** What is computed in small numbers. */
export const ROUNDINGS = ['nothing', 'steps', 'everything'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** What makes pixels of latents: the VAE, or the tiny decoder that a checkpoint may bring. */
export const DECODERS = ['vae', 'tiny'] as const;
export type Decoder = (typeof DECODERS)[number];
