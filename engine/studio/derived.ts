import type { Version } from '../studio-protocol.ts';

/** What a picture takes over from the one it was made of without a model that reads words. */
export const derived = (parent: Version) => ({
  chatId: parent.chatId,
  parentId: parent.id,
  referenceIds: [],
  prompt: parent.prompt,
  seed: parent.seed,
  settings: parent.settings,
  model: parent.model,
  durationMs: null,
  unknownWords: [],
});
