/**
 * Named choices between time and quality, for every checkpoint; one of the same name in its tusk.json replaces them.
 *
 *   best      the reference's own steps: equal to it, stage by stage
 *   balanced  two fifths of the steps, of second order, in 8-bit numbers; the same plan; the tiny decoder where the
 *             checkpoint brings one
 *   fast      a seventh, guided only while the picture takes shape; the plan in small numbers, too
 *
 * Small numbers are the processor's: a small checkpoint is rounded to 8 bits on loading, a large one has its compiled
 * copy (the plan's in 4 bits). What a GPU computes stays as it is.
 */
import type { Preset, TuskConfig } from './checkpoint/tusk-config.ts';
import { TuskError } from './errors.ts';

const LEAST_STEPS = 3;

const share = (steps: number, of: number): number =>
  Math.min(steps, Math.max(LEAST_STEPS, Math.round(steps * of)));

const BUILT_IN: Readonly<Record<string, (tusk: TuskConfig) => Preset>> = {
  fast: ({ steps }) => ({
    ...{ steps: share(steps, 0.15), solver: 'second-order', rounded: 'everything' },
    decoder: 'tiny',
    guidance_range: [0, 0.5],
  }),
  balanced: ({ steps }) => ({
    ...{ steps: share(steps, 0.4), solver: 'second-order', rounded: 'steps', decoder: 'tiny' },
  }),
  best: () => ({}),
};

export const presetNames = ({ presets }: TuskConfig): string[] => [
  ...new Set([...Object.keys(BUILT_IN), ...Object.keys(presets)]),
];

/** Without a name: the checkpoint's own settings. @throws TuskError `bad-setting` for a preset there isn't. */
export function presetOf(tusk: TuskConfig, name: string | undefined): Preset {
  if (name === undefined) return {};
  if (Object.hasOwn(tusk.presets, name)) return tusk.presets[name]!;
  if (Object.hasOwn(BUILT_IN, name)) return BUILT_IN[name]!(tusk);
  throw new TuskError('bad-setting', `The model has no preset "${name}".`, {
    hint: `It has ${presetNames(tusk).join(', ')}.`,
  });
}
