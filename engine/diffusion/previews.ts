/**
 * Cheap previews: a linear map from a latent pixel to a colour, fitted to what the VAE itself decodes. A picture
 * of one pixel for each latent pixel costs microseconds where decoding costs as much as a denoising step.
 */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import { leastSquares } from './least-squares.ts';

const COLOURS = 3;
/** Latent pixels a side of the pictures the map is fitted to, and of the flat squares in them. */
const SIDE = 8;
const SQUARE = 4;
const SQUARES = (SIDE / SQUARE) ** 2;
/** Flat squares for each unknown of the map. */
const OVERSAMPLING = 2;
/** Latents spread evenly over plus and minus this: near the middle of what pictures have, the decoder is most linear. */
const REACH = 0.85;

export interface PreviewSizes {
  latentChannels: number;
  /** Edge of the square of pixels that one latent pixel stands for. */
  pixels: number;
}

export class LatentColours {
  private constructor(
    private readonly channels: number,
    /** [channels + 1, 3]: the colour of each channel, then the colour of zero. */
    private readonly map: Float64Array,
  ) {}

  /** Decodes a few small pictures of flat squares, always the same ones, and fits the map to them. */
  static async fit(
    { latentChannels: channels, pixels }: PreviewSizes,
    decode: (latents: FloatTensor) => Promise<FloatTensor>,
  ): Promise<LatentColours> {
    const random = evenNumbers();
    const inputs: number[][] = [];
    const colours: number[][] = [];
    for (let squares = 0; squares < OVERSAMPLING * (channels + 1); squares += SQUARES) {
      const latents = flatSquares(channels, random);
      const image = await decode(latents);
      for (let i = 0; i < SIDE ** 2; i++) {
        inputs.push([...vectorAt(latents, i), 1]);
        colours.push(meanColour(image, i, pixels));
      }
    }
    return new LatentColours(channels, leastSquares(inputs, colours));
  }

  /** Latents [1, channels, rows, columns] -> image [1, 3, rows, columns], about -1..1. */
  render(latents: FloatTensor): FloatTensor {
    const [, , rows, columns] = latents.shape as [number, number, number, number];
    const size = rows * columns;
    const image = new Float32Array(COLOURS * size);
    for (let colour = 0; colour < COLOURS; colour++) {
      for (let i = 0; i < size; i++) {
        let sum = this.map[this.channels * COLOURS + colour]!;
        for (let c = 0; c < this.channels; c++) {
          sum += latents.data[c * size + i]! * this.map[c * COLOURS + colour]!;
        }
        image[colour * size + i] = sum;
      }
    }
    return floatTensor(image, [1, COLOURS, rows, columns]);
  }
}

/** The linear congruential generator of "Numerical Recipes", as numbers from -REACH to REACH. */
function evenNumbers(): () => number {
  let state = 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return REACH * (state / 2 ** 31 - 1);
  };
}

/** [1, channels, SIDE, SIDE]: random vectors, each filling a square. */
function flatSquares(channels: number, random: () => number): FloatTensor {
  const across = SIDE / SQUARE;
  const vectors = Array.from({ length: channels * SQUARES }, random);
  const data = Float32Array.from({ length: channels * SIDE ** 2 }, (_, i) => {
    const [c, y, x] = [Math.floor(i / SIDE ** 2), Math.floor(i / SIDE) % SIDE, i % SIDE];
    return vectors[(c * across + Math.floor(y / SQUARE)) * across + Math.floor(x / SQUARE)]!;
  });
  return floatTensor(data, [1, channels, SIDE, SIDE]);
}

const vectorAt = ({ data, shape }: FloatTensor, pixel: number): number[] =>
  Array.from({ length: shape[1]! }, (_, c) => data[c * SIDE ** 2 + pixel]!);

/** Mean of the square of pixels that a latent pixel stands for. */
function meanColour({ data, shape }: FloatTensor, pixel: number, edge: number): number[] {
  const [, , height, width] = shape as [number, number, number, number];
  const [top, left] = [Math.floor(pixel / SIDE) * edge, (pixel % SIDE) * edge];
  return Array.from({ length: COLOURS }, (_, colour) => {
    let sum = 0;
    for (let y = top; y < top + edge; y++) {
      for (let x = left; x < left + edge; x++) sum += data[(colour * height + y) * width + x]!;
    }
    return sum / edge ** 2;
  });
}
