import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Suggestions } from '../../components/Suggestions.tsx';
import { makePicture, useExamples } from '../../engine/examples.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { ask, EVERYTHING, useShelf } from './shelf.ts';

/** Nothing found, an empty bin, or a library with nothing in it yet. */
export function NothingHere() {
  const { t } = useTranslation('library');
  const query = useShelf((state) => state.query);
  const isFiltered = query.text !== '' || query.starred || query.kind !== null || query.tag !== null;
  if (isFiltered)
    return (
      <EmptyState title={t('nothingFound')} text={t('nothingFoundText')}>
        <Button onClick={() => ask(EVERYTHING)}>{t('showAll')}</Button>
      </EmptyState>
    );
  if (query.deleted)
    return (
      <EmptyState title={t('binEmpty')} text={t('binEmptyText')}>
        <Button onClick={() => ask(EVERYTHING)}>{t('showAll')}</Button>
      </EmptyState>
    );
  return <FirstPictures />;
}

function FirstPictures() {
  const { t } = useTranslation('library');
  const { create } = useExamples();
  const languages = useStudio((state) => state.languages);
  return (
    <EmptyState title={t('first')} text={t('firstText')}>
      <Suggestions
        prompts={create.slice(0, 3)}
        languages={languages}
        onChoose={(prompt) => void makePicture(prompt)}
      />
      <Button look="quiet" onClick={() => useWorkspace.setState({ view: 'studio' })}>
        {t('writeYourOwn')}
      </Button>
    </EmptyState>
  );
}
