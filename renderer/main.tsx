import '@fontsource-variable/inter/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { followShell } from './engine/shell-commands.ts';
import { connect } from './engine/studio.ts';
import { startWords } from './i18n.ts';
import { Part } from './Part.tsx';

async function start(): Promise<void> {
  await Promise.all([startWords(), document.fonts.load('13px "Inter Variable"')]);
  connect();
  if (window.tusk) followShell(window.tusk);
  createRoot(document.getElementById('root')!).render(
    <Part>
      <App />
    </Part>,
  );
}

void start();
