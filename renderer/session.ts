/** What the window does by itself: opens the last chat, follows theme and language, answers the window's keys. */
import { useEffect } from 'react';
import { nameOf, useKeys } from './components/useKeys.ts';
import { loadChat, makeChat, newChat, openChat } from './engine/actions.ts';
import { outgoing } from './engine/outbox.ts';
import { sendAgain } from './engine/send.ts';
import { showLanguage } from './i18n.ts';
import { takeBack } from './stores/notices.ts';
import { useStudio } from './stores/studio.ts';
import { type Dialog, useWorkspace } from './stores/workspace.ts';

const LAST_CHAT = 'tusk-chat';

export function useAppearance(): void {
  const theme = useStudio((state) => state.settings?.theme ?? 'system');
  const language = useStudio((state) => state.settings?.language ?? 'en');
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => showLanguage(language), [language]);
}

/** After every (re)connection the chat on screen is read again; on the first one, the chat that was last open. Then goes out what had not arrived. */
export function useSession(): void {
  const isOpen = useStudio((state) => state.ready && state.connection === 'open');
  const chatId = useWorkspace((state) => state.chatId);
  useEffect(() => {
    if (isOpen) void resume().then(sendAgain);
  }, [isOpen]);
  useEffect(() => {
    if (chatId) sessionStorage.setItem(LAST_CHAT, chatId);
  }, [chatId]);
}

async function resume(): Promise<void> {
  for (const { chatId } of outgoing()) await makeChat(chatId);
  const { chatId } = useWorkspace.getState();
  if (chatId) return void (await loadChat(chatId));
  const { chats, settings } = useStudio.getState();
  const kept = Object.values(chats).filter((chat) => chat.deletedAt === null);
  const last =
    chats[sessionStorage.getItem(LAST_CHAT) ?? ''] ?? kept.sort((a, b) => b.updatedAt - a.updatedAt)[0];
  if (last && last.deletedAt === null) await openChat(last.id);
  else if (settings?.tourSeen === false && kept.length === 0) useWorkspace.setState({ dialog: 'tour' });
}

/** In a text field Mod+Z stays the field's own. */
export function useUndoKey(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isInText = event.target instanceof Element && event.target.matches('input, textarea');
      if (nameOf(event) === 'Mod+Z' && !isInText && takeBack()) event.preventDefault();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

export function useWindowKeys(): void {
  const open = (dialog: Dialog) => () => useWorkspace.setState({ dialog });
  useKeys({
    'Mod+K': open('palette'),
    '?': open('shortcuts'),
    'Mod+N': newChat,
    'Alt+N': newChat,
    '/': () => useWorkspace.setState({ view: 'library' }),
  });
}
