import { useWorkspace } from '../../stores/workspace.ts';

/** Puts words where the cursor stands in the message, spaces around them, and goes on writing there. */
export function addToMessage(words: string): void {
  const field = document.querySelector<HTMLTextAreaElement>('.composer textarea');
  const { message } = useWorkspace.getState();
  const at = field?.selectionEnd ?? message.length;
  const before = [message.slice(0, at).trimEnd(), words].filter(Boolean).join(' ');
  const after = message.slice(at).trimStart();
  useWorkspace.setState({ message: after ? `${before} ${after}` : before, pane: 'thread' });
  requestAnimationFrame(() => {
    field?.focus();
    field?.setSelectionRange(before.length, before.length);
  });
}
