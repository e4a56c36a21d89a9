import { Image as ImageIcon, MessageSquare } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { useWorkspace } from '../../stores/workspace.ts';
import { JobCanvas } from './JobCanvas.tsx';
import { useShown } from './useShown.ts';
import { VersionCanvas } from './VersionCanvas.tsx';
import './canvas.css';

export function CanvasPane() {
  const { t } = useTranslation();
  const shown = useShown();
  return (
    <section className="canvas-pane" aria-label={t('canvas.label')}>
      <Button
        look="quiet"
        small
        className="pane-switch canvas-back"
        onClick={() => useWorkspace.setState({ pane: 'thread' })}
      >
        <MessageSquare size={14} /> {t('canvas.showChat')}
      </Button>
      {shown === null && (
        <EmptyState
          icon={<ImageIcon size={28} strokeWidth={1.25} aria-hidden="true" />}
          title={t('canvas.empty')}
          text={t('canvas.emptyText')}
        />
      )}
      {shown && 'job' in shown && <JobCanvas {...shown} />}
      {shown && 'version' in shown && <VersionCanvas version={shown.version} />}
    </section>
  );
}
