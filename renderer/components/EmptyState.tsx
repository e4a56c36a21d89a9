import type { ReactNode } from 'react';
import './controls.css';

interface Props {
  title: string;
  text?: string;
  icon?: ReactNode;
  children?: ReactNode;
}

export function EmptyState({ title, text, icon, children }: Props) {
  return (
    <div className="empty-state">
      {icon}
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
