import { Download, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Chat } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { LineEditor } from '../../components/LineEditor.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { useKeys } from '../../components/useKeys.ts';
import { exportProject, newChat, openChat } from '../../engine/actions.ts';
import { call } from '../../engine/studio.ts';
import { notify } from '../../stores/notices.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import './chat-list.css';

const hide = () => useWorkspace.setState({ chatsShown: false });

/** Slides out beside the rail: all chats, the last used first. */
export function ChatList() {
  const { t } = useTranslation();
  const chats = useStudio((state) => state.chats);
  const kept = Object.values(chats)
    .filter((chat) => chat.deletedAt === null)
    .sort((a, b) => b.updatedAt - a.updatedAt);
  useKeys({ Escape: hide });
  return (
    <aside className="chat-list" aria-label={t('rail.chats')}>
      <h2>{t('rail.chats')}</h2>
      {kept.length === 0 && <p className="chat-list-empty">{t('chats.none')}</p>}
      <ul>
        {kept.map((chat) => (
          <ChatRow key={chat.id} chat={chat} />
        ))}
      </ul>
    </aside>
  );
}

function ChatRow({ chat }: { chat: Chat }) {
  const { t, i18n } = useTranslation();
  const isOpen = useWorkspace((state) => state.chatId === chat.id);
  const [renaming, setRenaming] = useState(false);
  const title = chat.title || t('thread.newChat');
  const remove = async () => {
    if (!(await call('chats.delete', { chatId: chat.id }))) return;
    if (isOpen) newChat();
    const run = () => void call('chats.restore', { chatId: chat.id });
    notify({ kind: 'done', title: t('chats.deleted', { title }), action: { label: t('undo'), run } });
  };
  const rename = (wanted: string) => call('chats.rename', { chatId: chat.id, title: wanted });
  if (renaming)
    return (
      <li className="chat-row">
        <LineEditor
          label={t('chats.rename', { title })}
          text={chat.title}
          maxLength={200}
          onSave={rename}
          onEnd={() => setRenaming(false)}
        />
      </li>
    );
  return (
    <li className="chat-row" data-open={isOpen}>
      <button type="button" aria-current={isOpen} onClick={() => void openChat(chat.id)}>
        {chat.coverVersionId ? (
          <img src={thumbnailUrl(chat.coverVersionId, 96)} alt="" loading="lazy" />
        ) : (
          <span className="chat-cover" />
        )}
        <span>
          <span className="chat-title">{title}</span>
          <time dateTime={new Date(chat.updatedAt).toISOString()}>
            {new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium' }).format(chat.updatedAt)}
          </time>
        </span>
      </button>
      <IconButton small label={t('chats.rename', { title })} onClick={() => setRenaming(true)}>
        <Pencil size={13} />
      </IconButton>
      <IconButton small label={t('chats.export', { title })} onClick={() => void exportProject(chat.id)}>
        <Download size={13} />
      </IconButton>
      <IconButton small label={t('chats.delete', { title })} onClick={remove}>
        <Trash2 size={13} />
      </IconButton>
    </li>
  );
}
