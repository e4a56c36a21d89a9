import { ArrowUp, ImagePlus } from 'lucide-react';
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../components/IconButton.tsx';
import { nameOf } from '../../components/useKeys.ts';
import { importFiles, sendMessage } from '../../engine/actions.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { ComposerOptions } from './ComposerOptions.tsx';
import { ModeChip } from './ModeChip.tsx';
import { Targets } from './Targets.tsx';
import { usePromptHistory } from './usePromptHistory.ts';

/** Never locks: what is sent while something runs waits in the queue. */
export function Composer() {
  const { t } = useTranslation();
  const message = useWorkspace((state) => state.message);
  const isReady = useStudio((state) => state.connection === 'open');
  const drop = (event: DragEvent) => {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    void importFiles(event.dataTransfer.files);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: no form, since Enter alone makes a line
    <div
      className="composer"
      role="group"
      aria-label={t('composer.label')}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <div className="composer-about">
        <Targets />
        <ModeChip />
      </div>
      <MessageField />
      <div className="composer-foot">
        <ComposerOptions />
        <AddPicture />
        <IconButton
          className="composer-send"
          label={t('composer.send')}
          keys={t('keys.send')}
          disabled={!isReady || message.trim() === ''}
          onClick={() => void sendMessage()}
        >
          <ArrowUp size={17} />
        </IconButton>
      </div>
    </div>
  );
}

function MessageField() {
  const { t } = useTranslation();
  const message = useWorkspace((state) => state.message);
  const enterSends = useStudio((state) => state.settings?.sendKey === 'enter');
  const recall = usePromptHistory();
  const press = (event: KeyboardEvent) => {
    const keys = nameOf(event.nativeEvent);
    const isComposing = event.nativeEvent.isComposing;
    if (keys === 'Alt+ArrowUp') recall(1);
    else if (keys === 'Alt+ArrowDown') recall(-1);
    else if (keys === 'Mod+Shift+Enter') void sendMessage(true);
    else if (keys === 'Mod+Enter' || (keys === 'Enter' && enterSends && !isComposing)) void sendMessage();
    else return;
    event.preventDefault();
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    void importFiles(event.clipboardData.files);
  };
  return (
    <textarea
      aria-label={t('composer.message')}
      placeholder={t('composer.placeholder')}
      rows={2}
      value={message}
      onChange={(event) => useWorkspace.setState({ message: event.target.value })}
      onKeyDown={press}
      onPaste={paste}
    />
  );
}

function AddPicture() {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton label={t('composer.addPicture')} onClick={() => input.current?.click()}>
        <ImagePlus size={17} />
      </IconButton>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept="image/*"
        aria-label={t('composer.addPicture')}
        onChange={(event) => {
          void importFiles(event.target.files ?? []);
          event.target.value = '';
        }}
      />
    </>
  );
}
