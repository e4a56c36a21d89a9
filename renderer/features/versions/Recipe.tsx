import { Copy, Dices, Repeat2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { bytes, seconds } from '../../components/format.ts';
import { applyRecipe } from '../../engine/actions.ts';
import { copyText } from '../../engine/shell.ts';
import { notify } from '../../stores/notices.ts';

export function Recipe({ version }: { version: Version }) {
  const { t } = useTranslation();
  const rows = useRows(version);
  const copy = async () => {
    await copyText(rows.map(([name, value]) => `${name}: ${value}`).join('\n'));
    notify({ kind: 'done', title: t('recipe.copied') });
  };
  return (
    <details className="recipe">
      <summary>{t('recipe.title')}</summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="recipe-actions">
        <Button small onClick={copy}>
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

/** What is known of how the picture was made. */
function useRows(version: Version): [name: string, value: string][] {
  const { t, i18n } = useTranslation();
  const { settings } = version;
  const rows: [string, string | number | null | undefined][] = [
    [t('recipe.prompt'), version.prompt],
    [t('recipe.kind'), t(`versions.kind.${version.kind}`)],
    [t('recipe.seed'), version.seed],
    [t('recipe.steps'), settings.steps],
    [t('recipe.preset'), settings.preset && t(`options.${settings.preset}`)],
    [t('recipe.guidance'), settings.textGuidance],
    [t('recipe.size'), `${version.width} × ${version.height}`],
    [t('recipe.file'), bytes(version.sizeBytes, i18n.language)],
    [t('recipe.time'), version.durationMs && seconds(version.durationMs, i18n.language)],
    [t('recipe.model'), version.model],
  ];
  return rows.flatMap(([name, value]): [string, string][] =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
}
