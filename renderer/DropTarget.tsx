import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { importApart, importFiles } from './engine/actions.ts';
import { useWorkspace } from './stores/workspace.ts';

/** Files dropped anywhere on the window are brought in; without this the browser would leave the page for them. */
export function DropTarget() {
  const { t } = useTranslation();
  const isOver = useDroppedFiles();
  return isOver && <div className="drop-target">{t('drop')}</div>;
}

function useDroppedFiles(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    // A picture of this page that is dragged about carries itself as a file, too.
    let isOwn = false;
    const drags = {
      dragstart: () => {
        isOwn = true;
      },
      dragend: () => {
        isOwn = false;
      },
      dragover: (event: DragEvent) => {
        if (isOwn || !event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      },
      dragleave: (event: DragEvent) => event.relatedTarget === null && setOver(false),
      drop: (event: DragEvent) => {
        setOver(false);
        if (isOwn || !event.dataTransfer?.files.length) return;
        event.preventDefault();
        void bringIn([...event.dataTransfer.files]);
      },
    };
    const all = Object.entries(drags) as [keyof typeof drags, (event: Event) => void][];
    for (const [name, listen] of all) window.addEventListener(name, listen);
    return () => {
      for (const [name, listen] of all) window.removeEventListener(name, listen);
    };
  }, []);
  return isOver;
}

/** What is dropped on the studio belongs to the chat that is open there. */
const bringIn = (files: File[]): Promise<void> =>
  useWorkspace.getState().view === 'studio' ? importFiles(files) : importApart(files);
