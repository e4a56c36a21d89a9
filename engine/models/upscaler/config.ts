/** Sizes of the enlarging network, Real-ESRGAN's realesr-animevideov3. They are constants: there is one checkpoint. */

export const UPSCALER = {
  colours: 3,
  width: 64,
  /** Convolutions between the first and the last one. */
  layers: 16,
  /** Edge of the square of pixels that the network makes of one. */
  scale: 4,
} as const;

/** Pixels of the source's side that influence one pixel of the result on each side: a pixel a convolution, two to halve. */
export const REACH_PIXELS = UPSCALER.layers + 2 + 2;

/** 4 is the network's own; 2 is its result halved. */
export type UpscaleFactor = 2 | 4;
