/** The page for Chromium 83: the product's configuration, older syntax, built-ins and units. */
import { join } from 'node:path';
import { mergeConfig, type Plugin } from 'vite';
import config from '../../vite.config.ts';

const POLYFILLS = join(import.meta.dirname, 'polyfills.ts');

const forChromium83: Plugin = {
  name: 'chromium 83',
  enforce: 'pre',
  transform(code, id) {
    if (id.endsWith('/renderer/main.tsx')) return `import ${JSON.stringify(POLYFILLS)};\n${code}`;
    return id.endsWith('.css') ? code.replaceAll('dvh', 'vh') : undefined;
  },
};

export default mergeConfig(config, {
  plugins: [forChromium83],
  build: { outDir: '../out/electron-old/dist/renderer', target: 'chrome83', cssTarget: 'chrome83' },
});
