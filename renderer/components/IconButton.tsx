import type { ButtonHTMLAttributes, ReactNode } from 'react';
import './controls.css';
import { useKeyNames } from './useKeyNames.ts';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Spoken and shown on hover. */
  label: string;
  /** As in useKeys; shown on hover after the label. */
  keys?: string;
  small?: boolean;
  children: ReactNode;
}

export function IconButton({ label, keys, small = false, className = '', children, ...rest }: Props) {
  const keyNames = useKeyNames();
  const classes = ['icon-button', small && 'icon-button-small', className];
  return (
    <button
      type="button"
      aria-label={label}
      title={keys ? `${label} (${keyNames(keys)})` : label}
      className={classes.filter(Boolean).join(' ')}
      {...rest}
    >
      {children}
    </button>
  );
}
