/** The window: rail, the view chosen there, dialogs over it, notices at the edge. */

import { type ComponentType, lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { CanvasPane } from './features/canvas/CanvasPane.tsx';
import { ThreadPane } from './features/chat/ThreadPane.tsx';
import { Palette } from './features/palette/Palette.tsx';
import { VersionsPane } from './features/versions/VersionsPane.tsx';
import { Notices } from './Notices.tsx';
import { Rail } from './Rail.tsx';
import { useAppearance, useSession, useWindowKeys } from './session.ts';
import { type Dialog, useWorkspace, type View } from './stores/workspace.ts';
import './App.css';

/** Everything but the studio is loaded after it, or when it is first shown. */
const PARTS = {
  library: () => import('./features/library/Library.tsx'),
  models: () => import('./features/models/Models.tsx'),
  settings: () => import('./features/settings/SettingsView.tsx'),
  shortcuts: () => import('./features/palette/Shortcuts.tsx'),
  tour: () => import('./features/tour/Tour.tsx'),
  compare: () => import('./features/compare/Compare.tsx'),
};
const LOADED_AFTER_MS = 1_000;

const VIEWS: Record<Exclude<View, 'studio'>, ComponentType> = {
  library: lazy(async () => ({ default: (await PARTS.library()).Library })),
  models: lazy(async () => ({ default: (await PARTS.models()).Models })),
  settings: lazy(async () => ({ default: (await PARTS.settings()).SettingsView })),
};

/** The palette takes keys from its first frame on, so it is always there. */
const DIALOGS: Record<Dialog, ComponentType> = {
  palette: Palette,
  shortcuts: lazy(async () => ({ default: (await PARTS.shortcuts()).Shortcuts })),
  tour: lazy(async () => ({ default: (await PARTS.tour()).Tour })),
  compare: lazy(async () => ({ default: (await PARTS.compare()).Compare })),
};

function useLoadedParts(): void {
  useEffect(() => {
    // One that doesn't come now is asked for again when it is shown.
    const load = () => Object.values(PARTS).map((part) => part().catch(() => {}));
    const timer = setTimeout(load, LOADED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
}

export function App() {
  useAppearance();
  useSession();
  useWindowKeys();
  useLoadedParts();
  const { t } = useTranslation();
  const view = useWorkspace((state) => state.view);
  const dialog = useWorkspace((state) => state.dialog);
  const Other = view === 'studio' ? null : VIEWS[view];
  const Opened = dialog && DIALOGS[dialog];
  return (
    <div className="app">
      <Rail />
      {Other ? (
        <main className="app-view">
          <Suspense fallback={<h1 className="hidden-label">{t(`rail.${view}`)}</h1>}>
            <Other />
          </Suspense>
        </main>
      ) : (
        <Studio />
      )}
      {Opened && (
        <Suspense>
          <Opened />
        </Suspense>
      )}
      <Notices />
    </div>
  );
}

function Studio() {
  const pane = useWorkspace((state) => state.pane);
  return (
    <main className="studio" data-pane={pane}>
      <ThreadPane />
      <div className="studio-right">
        <CanvasPane />
        <VersionsPane />
      </div>
    </main>
  );
}
