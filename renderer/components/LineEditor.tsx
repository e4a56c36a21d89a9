import { type FormEvent, useRef, useState } from 'react';
import './controls.css';

interface Props {
  label: string;
  text: string;
  maxLength?: number;
  /** Gets what was written, if it is something else than before. */
  onSave: (text: string) => Promise<unknown>;
  onEnd: () => void;
}

/** A line of text edited in place: Enter, or leaving it, saves; Escape leaves it as it was. */
export function LineEditor({ label, text, maxLength, onSave, onEnd }: Props) {
  const [written, setWritten] = useState(text);
  const isOver = useRef(false);
  const end = () => {
    isOver.current = true;
    onEnd();
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (isOver.current) return;
    isOver.current = true;
    const wanted = written.trim();
    if (wanted && wanted !== text) await onSave(wanted);
    onEnd();
  };
  return (
    <form className="line-editor" onSubmit={save}>
      <input
        aria-label={label}
        // biome-ignore lint/a11y/noAutofocus: the person asked to edit this line
        autoFocus
        maxLength={maxLength}
        value={written}
        onChange={(event) => setWritten(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === 'Escape' && end()}
      />
    </form>
  );
}
