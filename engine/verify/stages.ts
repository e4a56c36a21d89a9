/** Which code checks which stage. Each stage's runner is loaded when it is asked for. */
import type { StageRunner } from './case.ts';

/** Stage (a folder under `cases/`) -> its runner's module, in the order of the pipeline. */
export const STAGES: Record<string, () => Promise<{ run: StageRunner }>> = {
  tokenizer: () => import('./tokenizer.ts'),
  'chat-template': () => import('./chat-template.ts'),
  'image-preprocess': () => import('./image-preprocess.ts'),
  'vision-encoder': () => import('./vision-encoder.ts'),
  'text-decoder': () => import('./text-decoder.ts'),
  'visual-tokenizer': () => import('./visual-tokenizer.ts'),
  understanding: () => import('./understanding.ts'),
  'ar-generation': () => import('./ar-generation.ts'),
  condition: () => import('./condition.ts'),
  sampling: () => import('./sampling.ts'),
  'q-former': () => import('./q-former.ts'),
  schedule: () => import('./schedule.ts'),
  dit: () => import('./dit.ts'),
  denoise: () => import('./denoise.ts'),
  vae: () => import('./vae.ts'),
  'end-to-end': () => import('./end-to-end.ts'),
};
