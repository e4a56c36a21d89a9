import { CornerDownLeft } from 'lucide-react';
import './suggestions.css';

interface Props {
  prompts: readonly string[];
  onChoose: (prompt: string) => void;
  disabled?: boolean;
}

/** Prompts to begin with, one a line. */
export function Suggestions({ prompts, onChoose, disabled = false }: Props) {
  return (
    <ul className="suggestions">
      {prompts.map((prompt) => (
        <li key={prompt}>
          <button type="button" disabled={disabled} onClick={() => onChoose(prompt)}>
            {prompt}
            <CornerDownLeft size={14} aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}
