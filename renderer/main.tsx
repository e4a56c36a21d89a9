import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { connect } from './engine/studio.ts';
import { startWords } from './i18n.ts';
import './styles/tokens.css';
import './styles/base.css';

await startWords();
connect();
createRoot(document.getElementById('root')!).render(<App />);
