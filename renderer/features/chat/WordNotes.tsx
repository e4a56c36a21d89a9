import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { useWorkspace } from '../../stores/workspace.ts';
import { useUnknownWords } from './useUnknownWords.ts';

type Words = Version['unknownWords'];

/** What the model in use doesn't know of the message, before it is sent; a near word takes the place of its slip. */
export function WordNotes({ words }: { words: Words }) {
  const { t } = useTranslation();
  const { sentence, near } = useUnknownWords(words);
  return (
    <div className="word-notes" role="status">
      {near.map(({ word, nearest }) => (
        <p key={word}>
          {t('unknown.meant', { word })}{' '}
          {nearest.map((known) => (
            <Button key={known} look="quiet" small onClick={() => replaceWord(word, known)}>
              {known}
            </Button>
          ))}
        </p>
      ))}
      {sentence && (
        <p>
          {sentence}{' '}
          <Button
            look="quiet"
            small
            onClick={() => useWorkspace.setState({ view: 'models', wordsWanted: true })}
          >
            {t('unknown.seeWords')}
          </Button>
        </p>
      )}
    </div>
  );
}

function replaceWord(word: string, near: string): void {
  const whole = new RegExp(`(?<![\\p{L}\\p{M}])${word}(?![\\p{L}\\p{M}])`, 'giu');
  useWorkspace.setState(({ message }) => ({ message: message.replace(whole, near) }));
  document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus();
}
