import { Image } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { Composer } from './Composer.tsx';
import { MemoryOffer } from './MemoryOffer.tsx';
import { Queue } from './Queue.tsx';
import { Thread } from './Thread.tsx';
import { ThreadDivider } from './ThreadDivider.tsx';
import './thread.css';

export function ThreadPane() {
  const { t } = useTranslation();
  const chatId = useWorkspace((state) => state.chatId);
  const title = useStudio((state) => (chatId && state.chats[chatId]?.title) || t('thread.newChat'));
  return (
    <section className="thread-pane" aria-label={t('thread.label')}>
      <header className="thread-header">
        <h1>{title}</h1>
        <Button
          look="quiet"
          small
          className="pane-switch"
          onClick={() => useWorkspace.setState({ pane: 'canvas' })}
        >
          <Image size={14} /> {t('thread.showPicture')}
        </Button>
      </header>
      <Thread chatId={chatId} />
      <footer className="thread-footer">
        <Queue />
        <MemoryOffer />
        <Composer />
      </footer>
      <ThreadDivider />
    </section>
  );
}
