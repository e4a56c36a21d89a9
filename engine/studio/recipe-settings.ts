import type { Recipe } from '../protocol.ts';
import type { Version } from '../studio-protocol.ts';

/** What a recipe says of the settings a person may change. */
export function settingsOf(recipe: Recipe): Version['settings'] {
  const { steps, imageGuidance, planGuidance, width, height, negative } = recipe;
  return { steps, textGuidance: recipe.guidance, imageGuidance, planGuidance, width, height, negative };
}
