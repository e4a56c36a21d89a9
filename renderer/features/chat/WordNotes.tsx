import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { useWorkspace } from '../../stores/workspace.ts';

type Words = Version['unknownWords'];

/** What the model in use doesn't know of the message, before it is sent; a near word takes the place of its slip. */
export function WordNotes({ words }: { words: Words }) {
  const { t } = useTranslation();
  return (
    <div className="word-notes" role="status">
      {words.map(({ word, nearest }) => (
        <p key={word}>
          {t(nearest.length > 0 ? 'unknown.meant' : 'unknown.word', { word })}{' '}
          {nearest.map((near) => (
            <Button key={near} look="quiet" small onClick={() => replaceWord(word, near)}>
              {near}
            </Button>
          ))}
          {nearest.length === 0 && (
            <Button
              look="quiet"
              small
              onClick={() => useWorkspace.setState({ view: 'models', wordsWanted: true })}
            >
              {t('unknown.seeWords')}
            </Button>
          )}
        </p>
      ))}
    </div>
  );
}

function replaceWord(word: string, near: string): void {
  const whole = new RegExp(`(?<![\\p{L}\\p{M}])${word}(?![\\p{L}\\p{M}])`, 'giu');
  useWorkspace.setState(({ message }) => ({ message: message.replace(whole, near) }));
  document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus();
}
