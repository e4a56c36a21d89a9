import type { ButtonHTMLAttributes } from 'react';
import './controls.css';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'plain' | 'main' | 'quiet';
  small?: boolean;
}

export function Button({ look = 'plain', small = false, className = '', ...rest }: Props) {
  const classes = ['button', `button-${look}`, small && 'button-small', className];
  return <button type="button" className={classes.filter(Boolean).join(' ')} {...rest} />;
}
