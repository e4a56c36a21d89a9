import { ArrowUp, ImagePlus } from 'lucide-react';
import { type ClipboardEvent, type KeyboardEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../components/IconButton.tsx';
import { nameOf } from '../../components/useKeys.ts';
import { importFiles } from '../../engine/actions.ts';
import { useFittingExamples } from '../../engine/examples.ts';
import { sendMessage } from '../../engine/send.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { AskNote } from './AskNote.tsx';
import { ComposerOptions } from './ComposerOptions.tsx';
import { ModeChip } from './ModeChip.tsx';
import { Targets } from './Targets.tsx';
import { useDetectedMode } from './useDetectedMode.ts';
import { usePromptHistory } from './usePromptHistory.ts';
import { WordNotes } from './WordNotes.tsx';
import './composer.css';

/** Never locks: what is sent while something runs waits in the queue. */
export function Composer() {
  const { t } = useTranslation();
  const message = useWorkspace((state) => state.message);
  const isReady = useStudio((state) => state.connection === 'open');
  const detected = useDetectedMode();
  const mode = useWorkspace((state) => state.modeOverride) ?? detected.mode;
  return (
    // biome-ignore lint/a11y/useSemanticElements: no form, since Enter alone makes a line
    <div className="composer" role="group" aria-label={t('composer.label')}>
      <div className="composer-about">
        <Targets mode={mode} />
        <ModeChip detected={detected} />
      </div>
      <MessageField />
      <WordNotes words={detected.unknownWords} />
      {mode === 'ask' && <AskNote />}
      <div className="composer-foot">
        <ComposerOptions />
        <AddPicture />
        <IconButton
          className="composer-send"
          label={t('composer.send')}
          keys="Mod+Enter"
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
  const { recall, isBrowsing } = usePromptHistory();
  const placeholder = usePlaceholder();
  const press = (event: KeyboardEvent) => {
    const keys = nameOf(event.nativeEvent);
    const isComposing = event.nativeEvent.isComposing;
    const plain = isBrowsing(message) ? keys : '';
    if (keys === 'Alt+ArrowUp' || plain === 'ArrowUp') void recall(1);
    else if (keys === 'Alt+ArrowDown' || plain === 'ArrowDown') void recall(-1);
    else if (keys === 'Mod+Shift+Enter') void sendMessage({ first: true });
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
      dir="auto"
      aria-label={t('composer.message')}
      placeholder={placeholder}
      rows={2}
      value={message}
      onChange={(event) => useWorkspace.setState({ message: event.target.value })}
      onKeyDown={press}
      onPaste={paste}
    />
  );
}

/** With a picture chosen it says, by an example, that the picture can be changed. */
function usePlaceholder(): string {
  const { t } = useTranslation();
  const targetId = useWorkspace((state) => state.targetIds.at(-1) ?? '');
  const prompt = useStudio(({ versions }) => versions[targetId]?.prompt);
  const example = useFittingExamples(prompt ?? '').edit[0];
  if (prompt === undefined) return t('composer.placeholder');
  return example ? t('composer.placeholderEdit', { example }) : t('composer.placeholderPicture');
}

function AddPicture() {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        className="composer-add"
        label={t('composer.addPicture')}
        onClick={() => input.current?.click()}
      >
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
