import type { ReactNode } from 'react';
import './controls.css';

interface Props {
  title: string;
  text?: string;
  children?: ReactNode;
}

export function EmptyState({ title, text, children }: Props) {
  return (
    <div className="empty-state">
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
