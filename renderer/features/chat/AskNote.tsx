import { useTranslation } from 'react-i18next';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

/** What a model of small reach can't know: a picture that isn't chosen, what was said before. */
export function AskNote() {
  const { t } = useTranslation();
  const chatId = useWorkspace((state) => state.chatId);
  const hasPicture = useWorkspace((state) => state.targetIds.length > 0);
  const holds = useStudio(({ models }) => models.find(({ inUse }) => inUse)?.holdsConversation ?? 'whole');
  const follows = useStudio(({ turns }) =>
    Object.values(turns).some(
      (turn) => turn.chatId === chatId && turn.mode === 'ask' && turn.role === 'tusk',
    ),
  );
  if (holds === 'whole' || (hasPicture && (holds === 'one-picture' || !follows))) return null;
  return (
    <div className="word-notes" role="status">
      <p>{t(hasPicture ? 'composer.alone' : 'composer.unseen')}</p>
    </div>
  );
}
