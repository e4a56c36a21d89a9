/** Imported before a module of electron/: `electron` and `electron-updater` then mean test/helpers/electron.ts. */
import { register } from 'node:module';

const FAKE = new URL('./electron.ts', import.meta.url).href;
const HOOK = `export const resolve = (specifier, context, next) =>
  specifier === 'electron' || specifier === 'electron-updater'
    ? { url: ${JSON.stringify(FAKE)}, shortCircuit: true }
    : next(specifier, context);`;

register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
