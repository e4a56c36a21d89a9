/** The smoke suite under Electron 9; Playwright runs it but does not drive it. It needs a display (`xvfb-run -a`). */
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/electron-old',
  workers: 1,
  retries: process.env.CI ? 2 : 0,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: [['list']],
});
