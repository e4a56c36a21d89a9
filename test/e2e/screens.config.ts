/** `npm run screenshots`: every screen and state at three widths, in both themes and languages, into screenshots/. */
import { defineConfig } from '@playwright/test';
import tests from '../../playwright.config.ts';

export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: 'screens.ts',
  outputDir: '../../test-results',
  timeout: 300_000,
});
