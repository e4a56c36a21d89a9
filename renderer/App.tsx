/** The window: rail, the view chosen there, dialogs over it, notices at the edge. */

import { useEffect } from 'react';
import type { FallbackProps } from 'react-error-boundary';
import { useTranslation } from 'react-i18next';
import { DropTarget } from './DropTarget.tsx';
import { CanvasPane } from './features/canvas/CanvasPane.tsx';
import { ThreadPane } from './features/chat/ThreadPane.tsx';
import { Palette } from './features/palette/Palette.tsx';
import { VersionsPane } from './features/versions/VersionsPane.tsx';
import { Notices } from './Notices.tsx';
import { BrokenDialog, BrokenPart, LazyPart, type Load, Part } from './Part.tsx';
import { Rail } from './Rail.tsx';
import { useAppearance, useSession, useUndoKey, useWindowKeys } from './session.ts';
import { type Dialog, useWorkspace, type View } from './stores/workspace.ts';
import './App.css';

/** Everything but the studio is loaded after it, or when it is first shown. */
const VIEWS: Record<Exclude<View, 'studio'>, Load> = {
  library: async () => (await import('./features/library/Library.tsx')).Library,
  models: async () => (await import('./features/models/Models.tsx')).Models,
  settings: async () => (await import('./features/settings/SettingsView.tsx')).SettingsView,
};

/** The palette takes keys from its first frame on, so it is always there. */
const DIALOGS: Record<Exclude<Dialog, 'palette'>, Load> = {
  shortcuts: async () => (await import('./features/palette/Shortcuts.tsx')).Shortcuts,
  tour: async () => (await import('./features/tour/Tour.tsx')).Tour,
  compare: async () => (await import('./features/compare/Compare.tsx')).Compare,
};
const LOADED_AFTER_MS = 1_000;

function useLoadedParts(): void {
  useEffect(() => {
    // One that doesn't come now is asked for again when it is shown.
    const load = () => [VIEWS, DIALOGS].flatMap(Object.values<Load>).map((part) => part().catch(() => {}));
    const timer = setTimeout(load, LOADED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
}

export function App() {
  useAppearance();
  useSession();
  useWindowKeys();
  useUndoKey();
  useLoadedParts();
  const view = useWorkspace((state) => state.view);
  const dialog = useWorkspace((state) => state.dialog);
  return (
    <div className="app">
      <Rail />
      {view === 'studio' ? <Studio /> : <OtherView key={view} view={view} />}
      {dialog && <OpenDialog key={dialog} dialog={dialog} />}
      <Notices />
      <DropTarget />
    </div>
  );
}

function OtherView({ view }: { view: Exclude<View, 'studio'> }) {
  const { t } = useTranslation();
  const title = <h1 className="hidden-label">{t(`rail.${view}`)}</h1>;
  const broken = (props: FallbackProps) => (
    <>
      {title}
      <BrokenPart {...props} />
    </>
  );
  return (
    <main className="app-view">
      <LazyPart load={VIEWS[view]} meanwhile={title} broken={broken} />
    </main>
  );
}

const brokenDialog = (props: FallbackProps) => <BrokenDialog {...props} />;

function OpenDialog({ dialog }: { dialog: Dialog }) {
  if (dialog !== 'palette') return <LazyPart load={DIALOGS[dialog]} broken={brokenDialog} />;
  return (
    <Part broken={brokenDialog}>
      <Palette />
    </Part>
  );
}

function Studio() {
  const pane = useWorkspace((state) => state.pane);
  const chatId = useWorkspace((state) => state.chatId);
  const versionId = useWorkspace((state) => state.versionId);
  return (
    <main className="studio" data-pane={pane}>
      <Part resetKeys={[chatId]}>
        <ThreadPane />
      </Part>
      <div className="studio-right">
        <Part resetKeys={[versionId]}>
          <CanvasPane />
        </Part>
        <Part resetKeys={[chatId]}>
          <VersionsPane />
        </Part>
      </div>
    </main>
  );
}
