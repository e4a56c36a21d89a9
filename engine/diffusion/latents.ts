/** The VAE over its sessions: pictures to the latents the diffusion works on, and back. */
import { floatOutput, type Session } from '../runtime/session.ts';
import { assertFinite, type FloatTensor, floatTensor } from '../runtime/tensor.ts';

export interface LatentScale {
  /** Latents of the diffusion = (latents of the VAE - shift) * scale. */
  scale: number;
  shift: number;
  latentChannels: number;
  /** Edge of the square of pixels that one latent pixel stands for. */
  pixels: number;
}

/** The posterior of a picture's latents, unscaled, each [1, channels, rows, columns]. */
export interface Posterior {
  /** What the network gave: means, then log variances as they are [1, 2 * channels, rows, columns]. */
  moments: FloatTensor;
  mean: FloatTensor;
  /** Clamped to -30..20. */
  logVariance: FloatTensor;
}

const LEAST_LOG_VARIANCE = -30;
const MOST_LOG_VARIANCE = 20;

export class VaeEncoder {
  /** @param session graph `vae-encoder` */
  constructor(
    readonly sizes: LatentScale,
    private readonly session: Session,
  ) {}

  /**
   * @param image [1, 3, height, width] in -1..1, sizes multiples of `pixels`
   * @param noise normal numbers shaped like the latents; absent = the posterior's mode
   * @returns scaled latents [1, channels, height / pixels, width / pixels]
   */
  async encode(image: FloatTensor, noise?: FloatTensor): Promise<FloatTensor> {
    return this.sample(await this.posterior(image), noise);
  }

  /** @throws TuskError `non-finite` */
  async posterior(image: FloatTensor): Promise<Posterior> {
    const moments = floatOutput(await this.session.run({ image }), 'moments');
    const { data, shape } = moments;
    assertFinite(data, 'The VAE encoder');
    const half = [1, this.sizes.latentChannels, ...shape.slice(2)];
    const clamp = (value: number) => Math.min(MOST_LOG_VARIANCE, Math.max(LEAST_LOG_VARIANCE, value));
    return {
      moments,
      mean: floatTensor(data.slice(0, data.length / 2), half),
      logVariance: floatTensor(data.slice(data.length / 2).map(clamp), half),
    };
  }

  /** Scaled latents: mean + deviation * noise, or the mean without noise. */
  sample({ mean, logVariance }: Posterior, noise?: FloatTensor): FloatTensor {
    const { scale, shift } = this.sizes;
    const data = mean.data.map((value, i) => {
      const drawn = noise ? value + Math.exp(0.5 * logVariance.data[i]!) * noise.data[i]! : value;
      return (drawn - shift) * scale;
    });
    return { ...mean, data };
  }

  dispose = (): Promise<void> => this.session.dispose();
}

export class VaeDecoder {
  /** @param session graph `vae-decoder` */
  constructor(
    readonly sizes: LatentScale,
    private readonly session: Session,
  ) {}

  /**
   * @param latents scaled, [1, channels, rows, columns]
   * @returns image [1, 3, rows * pixels, columns * pixels], about -1..1
   * @throws TuskError `non-finite`
   */
  async decode(latents: FloatTensor): Promise<FloatTensor> {
    const image = floatOutput(await this.session.run({ latents: this.unscale(latents) }), 'image');
    assertFinite(image.data, 'The VAE decoder');
    return image;
  }

  unscale(latents: FloatTensor): FloatTensor {
    const { scale, shift } = this.sizes;
    return { ...latents, data: latents.data.map((value) => value / scale + shift) };
  }

  dispose = (): Promise<void> => this.session.dispose();
}
