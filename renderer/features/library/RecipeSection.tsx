import { Copy, Dices, Repeat2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { RecipeRows } from '../../components/RecipeRows.tsx';
import { useRecipeRows } from '../../components/useRecipeRows.ts';
import { newChat, openChat } from '../../engine/actions.ts';
import { applyRecipe, copyRecipe } from '../../engine/recipes.ts';

/** How the picture was made, and the ways to make it again. */
export function RecipeSection({ version }: { version: Version }) {
  const { t, i18n } = useTranslation('studio');
  const made = { name: t('made', { ns: 'library' }), value: dateOf(version, i18n.language) };
  const rows = [...useRecipeRows()(version), made];
  const again = async (sameSeed: boolean) => {
    if (version.chatId) await openChat(version.chatId);
    else newChat();
    applyRecipe(version, sameSeed);
  };
  return (
    <section className="library-recipe" aria-labelledby="library-recipe">
      <h3 id="library-recipe">{t('recipe.title')}</h3>
      <RecipeRows rows={rows} />
      <div className="library-actions">
        <Button small onClick={() => void copyRecipe(rows, t('recipe.copied'))}>
          <Copy size={13} /> {t('recipe.copy')}
        </Button>
        {version.seed !== null && (
          <>
            <Button small onClick={() => void again(true)}>
              <Repeat2 size={13} /> {t('recipe.sameSeed')}
            </Button>
            <Button small onClick={() => void again(false)}>
              <Dices size={13} /> {t('recipe.newSeed')}
            </Button>
          </>
        )}
      </div>
    </section>
  );
}

const dateOf = ({ createdAt }: Version, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(createdAt);
