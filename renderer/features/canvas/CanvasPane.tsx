import { Image as ImageIcon, MessageSquare } from 'lucide-react';
import type { DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { importFiles } from '../../engine/actions.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { JobCanvas } from './JobCanvas.tsx';
import { useShown } from './useShown.ts';
import { VersionCanvas } from './VersionCanvas.tsx';
import './canvas.css';

export function CanvasPane() {
  const { t } = useTranslation();
  const shown = useShown();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void importFiles(event.dataTransfer.files);
  };
  return (
    <section
      className="canvas-pane"
      aria-label={t('canvas.label')}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
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
