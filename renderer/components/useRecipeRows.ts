import { useTranslation } from 'react-i18next';
import { bytes, seconds } from './format.ts';

/** What a version says about how it was made. */
export interface Recipe {
  kind: string;
  prompt: string;
  seed: number | null;
  settings: {
    preset?: string | undefined;
    steps?: number | undefined;
    textGuidance?: number | undefined;
    imageGuidance?: number | undefined;
    planGuidance?: number | undefined;
    negative?: string | undefined;
  };
  model: string;
  width: number;
  height: number;
  sizeBytes: number;
  durationMs: number | null;
  caption: string;
}

export interface RecipeRow {
  name: string;
  value: string;
}

/** Rows of name and value in the window's language, without those nothing is known of. */
export function useRecipeRows(): (recipe: Recipe) => RecipeRow[] {
  const { t, i18n } = useTranslation('studio');
  return (recipe) => {
    const { settings } = recipe;
    const rows: [name: string, value: string | number | null | undefined][] = [
      [t('recipe.prompt'), recipe.prompt],
      [t('recipe.kind'), t(`versions.kind.${recipe.kind}`)],
      [t('recipe.seed'), recipe.seed],
      [t('recipe.preset'), settings.preset && t(`options.${settings.preset}`)],
      [t('recipe.steps'), settings.steps],
      [t('recipe.guidance'), settings.textGuidance],
      [t('options.imageGuidance'), settings.imageGuidance],
      [t('options.planGuidance'), settings.planGuidance],
      [t('options.negative'), settings.negative],
      [t('recipe.size'), `${recipe.width} × ${recipe.height}`],
      [t('recipe.file'), bytes(recipe.sizeBytes, i18n.language)],
      [t('recipe.time'), recipe.durationMs && seconds(recipe.durationMs, i18n.language)],
      [t('recipe.model'), recipe.model],
      [t('recipe.caption'), recipe.caption],
    ];
    return rows.flatMap(([name, value]) =>
      value === null || value === undefined || value === '' ? [] : [{ name, value: String(value) }],
    );
  };
}
