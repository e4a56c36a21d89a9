import { useTranslation } from 'react-i18next';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

/** Said where a question follows an answer and the model in use doesn't hold conversations. */
export function AloneNote() {
  const { t } = useTranslation();
  const chatId = useWorkspace((state) => state.chatId);
  const holds = useStudio(({ models }) => models.find(({ inUse }) => inUse)?.holdsConversation ?? true);
  const follows = useStudio(({ turns }) =>
    Object.values(turns).some(
      (turn) => turn.chatId === chatId && turn.mode === 'ask' && turn.role === 'tusk',
    ),
  );
  if (holds || !follows) return null;
  return (
    <div className="word-notes" role="status">
      <p>{t('composer.alone')}</p>
    </div>
  );
}
