/** The window: rail, the view chosen there, dialogs over it, notices at the edge. */

import { CanvasPane } from './features/canvas/CanvasPane.tsx';
import { ThreadPane } from './features/chat/ThreadPane.tsx';
import { Compare } from './features/compare/Compare.tsx';
import { Library } from './features/library/Library.tsx';
import { Models } from './features/models/Models.tsx';
import { Palette } from './features/palette/Palette.tsx';
import { Shortcuts } from './features/palette/Shortcuts.tsx';
import { SettingsView } from './features/settings/SettingsView.tsx';
import { Tour } from './features/tour/Tour.tsx';
import { VersionsPane } from './features/versions/VersionsPane.tsx';
import { Notices } from './Notices.tsx';
import { Rail } from './Rail.tsx';
import { useAppearance, useSession, useWindowKeys } from './session.ts';
import { useWorkspace, type View } from './stores/workspace.ts';
import './App.css';

const VIEWS: Record<Exclude<View, 'studio'>, () => React.ReactNode> = {
  library: Library,
  models: Models,
  settings: SettingsView,
};

export function App() {
  useAppearance();
  useSession();
  useWindowKeys();
  const view = useWorkspace((state) => state.view);
  const Other = view === 'studio' ? null : VIEWS[view];
  return (
    <div className="app">
      <Rail />
      {Other ? (
        <main className="app-view">
          <Other />
        </main>
      ) : (
        <Studio />
      )}
      <Palette />
      <Shortcuts />
      <Tour />
      <Compare />
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
