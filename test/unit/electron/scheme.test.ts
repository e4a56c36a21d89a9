/** The page's protocol handler on a real folder: what is served, with which headers, and what never is. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPage, pageHandler } from '../../../electron/scheme.ts';

const outside = mkdtempSync(join(tmpdir(), 'tusk-scheme-'));
const folder = join(outside, 'page');
mkdirSync(join(folder, 'assets'), { recursive: true });
writeFileSync(join(outside, 'secret.json'), 'secret');
writeFileSync(join(folder, 'index.html'), '<!doctype html>');
writeFileSync(join(folder, 'assets', 'main.js'), 'export {}');
writeFileSync(join(folder, 'notes.txt'), 'not for pages');
symlinkSync(join(outside, 'secret.json'), join(folder, 'link.json'));

const asked: string[] = [];
const handle = pageHandler({
  folder,
  picture: async (address) => {
    asked.push(address);
    return address.includes('gone')
      ? null
      : { type: 'image/png', bytes: new Uint8Array([1, 2]), immutable: true };
  },
});
const get = (address: string, method = 'GET') => handle(new Request(address, { method }));

test('the page comes with a strict policy', async () => {
  const response = await get('tusk://app/');
  assert.equal(await response.text(), '<!doctype html>');
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  const policy = response.headers.get('content-security-policy')!;
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-|\*/);
});

test('built files are kept, the page itself is not', async () => {
  const cached = async (address: string) => (await get(address)).headers.get('cache-control');
  assert.match((await cached('tusk://app/assets/main.js'))!, /immutable/);
  assert.equal(await cached('tusk://app/index.html'), 'no-store');
});

test('pictures come from the studio by their address', async () => {
  const response = await get('tusk://app/pictures/abcdefgh/thumbnail?size=320');
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), new Uint8Array([1, 2]));
  assert.equal(asked.at(-1), '/pictures/abcdefgh/thumbnail?size=320');
  assert.equal((await get('tusk://app/pictures/gonegone')).status, 404);
});

for (const address of [
  'tusk://app/../secret.json',
  'tusk://app/%2e%2e/secret.json',
  'tusk://app/..%2fsecret.json',
  'tusk://app/assets/..%2f..%2fsecret.json',
  'tusk://app/..%5csecret.json',
  `tusk://app/${encodeURIComponent(join(outside, 'secret.json'))}`,
  'tusk://app/link.json',
  'tusk://app/index.html%00.js',
  'tusk://app/%ff',
  'tusk://app/notes.txt',
  'tusk://app/assets',
])
  test(`nothing is served at ${address.replace(outside, '')}`, async () => {
    const response = await get(address);
    assert.equal(response.status, 404);
    assert.doesNotMatch(await response.text(), /secret/);
  });

test('other hosts and other methods are refused', async () => {
  assert.equal((await get('tusk://other/')).status, 403);
  assert.equal((await get('tusk://app/', 'POST')).status, 405);
});

test('only the page itself counts as the page', () => {
  assert.ok(isPage('tusk://app/') && isPage('tusk://app/#studio'));
  for (const address of ['tusk://app/link.json', 'tusk://app.evil/', 'about:blank', 'https://app/', ''])
    assert.equal(isPage(address), false, address);
});
