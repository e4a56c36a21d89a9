import type { ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';

interface Props {
  /** Where it stands: the tool itself lies on the picture, this beneath it. */
  foot: HTMLElement | null;
  /** Spoken by the tool itself. */
  hint: string;
  onLeave: () => void;
  children?: ReactNode;
}

/** What a tool wants from a person, and the way out of it. */
export function ToolFoot({ foot, hint, onLeave, children }: Props) {
  const { t } = useTranslation();
  if (!foot) return null;
  return createPortal(
    <>
      <p aria-hidden="true">{hint}</p>
      {children}
      <Button small onClick={onLeave}>
        {t('canvas.cancel')}
      </Button>
    </>,
    foot,
  );
}
