import { Boxes, Images, MessageSquare, Plus, Settings, SquarePen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from './components/IconButton.tsx';
import { newChat } from './engine/actions.ts';
import { ChatList } from './features/chat/ChatList.tsx';
import { Part } from './Part.tsx';
import { useStudio } from './stores/studio.ts';
import { useWorkspace, type View } from './stores/workspace.ts';

const VIEWS: readonly { view: View; Icon: typeof Plus }[] = [
  { view: 'studio', Icon: SquarePen },
  { view: 'library', Icon: Images },
  { view: 'models', Icon: Boxes },
  { view: 'settings', Icon: Settings },
];

export function Rail() {
  const { t } = useTranslation();
  const view = useWorkspace((state) => state.view);
  const chatsShown = useWorkspace((state) => state.chatsShown);
  const engine = useStudio((state) => state.engine);
  return (
    <>
      <nav className="rail" aria-label={t('rail.label')}>
        <IconButton label={t('rail.newChat')} keys="Alt+N" onClick={newChat}>
          <Plus size={18} />
        </IconButton>
        <IconButton
          label={t('rail.chats')}
          aria-expanded={chatsShown}
          onClick={() => useWorkspace.setState({ chatsShown: !chatsShown })}
        >
          <MessageSquare size={18} />
        </IconButton>
        <span className="rail-gap" />
        {VIEWS.map(({ view: name, Icon }) => (
          <IconButton
            key={name}
            label={t(`rail.${name}`)}
            aria-current={view === name ? 'page' : undefined}
            onClick={() => useWorkspace.setState({ view: name })}
          >
            <Icon size={18} />
          </IconButton>
        ))}
        <span
          className={`engine-light engine-${engine}`}
          role="img"
          aria-label={t(`engine.${engine}`)}
          title={t(`engine.${engine}`)}
        />
      </nav>
      {chatsShown && (
        <Part>
          <ChatList />
        </Part>
      )}
    </>
  );
}
