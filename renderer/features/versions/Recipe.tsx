import { Copy, Dices, Repeat2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { RecipeRows } from '../../components/RecipeRows.tsx';
import { useRecipeRows } from '../../components/useRecipeRows.ts';
import { applyRecipe, copyRecipe } from '../../engine/recipes.ts';

/** What is known of how the picture was made. */
export function Recipe({ version }: { version: Version }) {
  const { t } = useTranslation();
  const rows = useRecipeRows()(version);
  return (
    <details className="recipe">
      <summary>{t('recipe.title')}</summary>
      <RecipeRows rows={rows} />
      <div className="recipe-actions">
        <Button small onClick={() => void copyRecipe(rows, t('recipe.copied'))}>
          <Copy size={13} /> {t('recipe.copy')}
        </Button>
        {version.seed !== null && (
          <>
            <Button small onClick={() => applyRecipe(version, true)}>
              <Repeat2 size={13} /> {t('recipe.sameSeed')}
            </Button>
            <Button small onClick={() => applyRecipe(version, false)}>
              <Dices size={13} /> {t('recipe.newSeed')}
            </Button>
          </>
        )}
      </div>
    </details>
  );
}
