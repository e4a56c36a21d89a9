import { type ReactNode, useEffect, useRef } from 'react';
import './controls.css';

interface Props {
  label: string;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** A modal dialog: keeps the focus inside, Esc and a click outside close it. */
export function Dialog({ label, onClose, wide = false, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes a dialog by itself
    <dialog
      ref={element}
      aria-label={label}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      onClose={onClose}
      onClick={(event) => event.target === element.current && onClose()}
    >
      {children}
    </dialog>
  );
}
