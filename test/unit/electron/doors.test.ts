/** Doors of the shell that must be the only ones, read from its sources. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const sources = readdirSync('electron')
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join('electron', name), 'utf8') }));

const filesWith = (pattern: RegExp): string[] =>
  sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

const DOORS: readonly (readonly [what: string, pattern: RegExp, files: readonly string[]])[] = [
  ['IPC is heard', /\bipcMain\b[^\n]*from 'electron'|\bipcMain\.\w+\(/, ['ipc.ts']],
  ['addresses go to the browser', /\bshell\b[^\n]*from 'electron'|\bshell\.open/, ['external.ts']],
  ['the page gets something of Electron', /\bcontextBridge\./, ['preload.ts']],
  ['an address is loaded', /\.loadURL\(/, ['window.ts']],
  ['a window is made', /new BrowserWindow\(/, ['window.ts']],
  ['a scheme is served', /protocol\.handle\(/, ['main.ts']],
  ['a process is forked', /utilityProcess\.fork\(/, ['engine-processes.ts', 'studio-process.ts']],
];

for (const [what, pattern, files] of DOORS)
  test(`${what} in ${files.join(' and ')} alone`, () => assert.deepEqual(filesWith(pattern), files));

for (const [what, pattern] of [
  ['a file is loaded as a page', /loadFile\(|['"`]file:/],
  ['a page is loaded that is not ours', /loadURL\((?!PAGE\))/],
  ['code is run in the page from outside', /executeJavaScript|insertCSS/],
  [
    'a setting of safety is undone',
    /nodeIntegration\w*: true|contextIsolation: false|sandbox: false|webSecurity: false/,
  ],
  ['a switch of the command line is set', /commandLine\.append/],
  ['a certificate is waved through', /certificate-error|setCertificateVerifyProc/],
] as const)
  test(`nowhere ${what}`, () => assert.deepEqual(filesWith(pattern), []));
