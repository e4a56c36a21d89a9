/** The end-to-end tests on the desktop app's window in place of a browser's page; needs Electron's binary. */
import { defineConfig } from '@playwright/test';
import base from '../../playwright.config.ts';

export default defineConfig<object, { shell: 'electron' }>({
  ...base,
  testDir: '.',
  grepInvert: /@browser/,
  outputDir: '../../test-results/electron',
  use: { ...base.use, shell: 'electron' },
});
