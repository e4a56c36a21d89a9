/** Every line of "who may come in", against the running server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { type RunningServer, startServer } from '../../../engine/server.ts';
import { decodeFrame, encodeFrame } from '../../../engine/wire.ts';
import { plainPng } from '../../helpers/library.ts';
import { openStudio, type TestStudio } from '../../helpers/studio.ts';

let opened: TestStudio;
let server: RunningServer;
let cookie: string;
let pictureId: string;

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A plain request: fetch would not send a Host or Origin of one's own, and would tidy the path. */
function get(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** @returns the status of the refusal, or `open`. */
function upgrade(headers: Record<string, string>, path = '/studio'): Promise<number | 'open'> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode!));
    socket.on('open', () => {
      socket.terminate();
      resolve('open');
    });
    socket.on('error', () => {});
  });
}

const openSocket = (): WebSocket => {
  const origin = `http://127.0.0.1:${server.port}`;
  return new WebSocket(`ws://127.0.0.1:${server.port}/studio`, { headers: { cookie, origin } });
};

before(async () => {
  const renderer = await mkdtemp(join(tmpdir(), 'tusk-page-'));
  await mkdir(join(renderer, 'assets'));
  await writeFile(join(renderer, 'index.html'), '<!doctype html><title>Tusk</title>');
  await writeFile(join(renderer, 'assets', 'app.js'), 'console.log(1)');
  opened = await openStudio();
  server = await startServer({ studio: opened.studio, renderer, port: 0 });
  const welcome = await get(new URL(server.newAddress()).pathname + new URL(server.newAddress()).search);
  assert.equal(welcome.status, 303);
  cookie = String(welcome.headers['set-cookie']).split(';')[0]!;
  const bytes = new Uint8Array(await plainPng('red'));
  pictureId = (await opened.studio.call('versions.import', { chatId: null, name: 'a.png', bytes })).id;
});

after(async () => {
  await server.close();
  await opened.studio.close();
});

test('the token is traded once for a cookie that scripts and other sites never see', async () => {
  const path = server.newAddress().slice(`http://127.0.0.1:${server.port}`.length);
  const first = await get(path);
  assert.equal(first.status, 303);
  assert.equal(first.headers.location, '/');
  assert.match(String(first.headers['set-cookie']), /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal((await get(path)).status, 403, 'used twice');
  assert.equal((await get(path, { cookie })).status, 403, 'used twice, with the cookie');
});

test('a newer address makes an unused older one worthless', async () => {
  const [older, newer] = [server.newAddress(), server.newAddress()].map(
    (address) => address.split('/').at(-1)!,
  );
  assert.equal((await get(`/${older}`)).status, 403);
  assert.equal((await get(`/${newer}`)).status, 303);
});

const REFUSED: readonly (readonly [
  string,
  number,
  string,
  () => Record<string, string>,
  string?,
  string?,
])[] = [
  ['no cookie', 401, '/', () => ({})],
  ['wrong cookie', 401, '/', () => ({ cookie: `${cookie.slice(0, -2)}xx` })],
  ['cookie of another port', 401, '/', () => ({ cookie: cookie.replace(/^tusk-\d+/, 'tusk-1') })],
  ['wrong token', 403, '/?token=wrong', () => ({})],
  ['a token in a later address', 403, '/pictures/x?token=y', () => ({ cookie })],
  ['foreign host', 421, '/', () => ({ cookie, host: 'evil.example' })],
  ['host without port', 421, '/', () => ({ cookie, host: '127.0.0.1' })],
  ['host with another port', 421, '/', () => ({ cookie, host: '127.0.0.1:1' })],
  ['host that begins like ours', 421, '/', () => ({ cookie, host: `127.0.0.1:${server.port}.evil.example` })],
  ['foreign origin', 403, '/', () => ({ cookie, origin: 'http://evil.example' })],
  ['origin null', 403, '/', () => ({ cookie, origin: 'null' })],
  ['simple POST', 405, '/', () => ({ cookie, 'content-type': 'text/plain' }), 'POST', 'x=1'],
  ['PUT', 405, '/pictures/x', () => ({ cookie }), 'PUT', 'x'],
  ['OPTIONS', 405, '/', () => ({ cookie }), 'OPTIONS'],
  ['GET with a body', 400, '/', () => ({ cookie, 'content-length': '3' }), 'GET', 'abc'],
  ['a body in pieces', 400, '/', () => ({ cookie, 'transfer-encoding': 'chunked' }), 'GET', 'x'.repeat(1e6)],
  [
    'a body that is announced and never ends',
    400,
    '/',
    () => ({ cookie, 'content-length': '9007199254740991' }),
  ],
  ['a very long address', 400, `/${'a'.repeat(4_000)}`, () => ({ cookie })],
  ['path upwards', 404, '/../package.json', () => ({ cookie })],
  ['path upwards, encoded', 404, '/..%2f..%2fetc/passwd', () => ({ cookie })],
  ['path with NUL', 404, '/index.html%00.png', () => ({ cookie })],
  ['backslashes', 404, '/..\\..\\etc\\passwd', () => ({ cookie })],
  ['a picture by path', 404, '/pictures/..%2flibrary.db', () => ({ cookie })],
  ['a picture that is not there', 404, '/pictures/0123456789', () => ({ cookie })],
];

for (const [name, status, path, headers, method, body] of REFUSED)
  test(`refused: ${name}`, async () => {
    const reply = await get(path, headers(), method, body);
    assert.equal(reply.status, status);
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
  });

test('page, script and picture are served with headers that allow nothing else', async () => {
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/assets/app.js', 'text/javascript; charset=utf-8'],
    [`/pictures/${pictureId}`, 'image/png'],
    [`/pictures/${pictureId}/thumbnail?size=320`, 'image/webp'],
  ] as const) {
    const { status, headers } = await get(path, { cookie });
    assert.equal(status, 200, path);
    assert.equal(headers['content-type'], type);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
  }
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    assert.equal((await get('/', { cookie, host: `${host}:${server.port}` })).status, 200, host);
});

test('a WebSocket needs cookie, origin and host, and is refused before it is accepted', async () => {
  const origin = `http://127.0.0.1:${server.port}`;
  assert.equal(await upgrade({ origin, cookie }), 'open');
  assert.equal(await upgrade({ origin }), 401);
  assert.equal(await upgrade({ cookie }), 403);
  assert.equal(await upgrade({ cookie, origin: 'null' }), 403);
  assert.equal(await upgrade({ cookie, origin: 'http://evil.example' }), 403);
  assert.equal(await upgrade({ cookie, origin: `https://127.0.0.1:${server.port}` }), 403);
  assert.equal(await upgrade({ cookie, origin, host: 'evil.example' }), 421);
  assert.equal(await upgrade({ cookie, origin }, '/other'), 400);
  const token = server.newAddress().split('/').at(-1)!;
  assert.equal(await upgrade({ origin }, `/studio${token}`), 403);
});

test('headers that never end are cut off', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
  const slow = setInterval(() => socket.write('X-A: b\r\n'), 500);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(slow);
});

/** What comes back for these very bytes, headers and all. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.end(bytes);
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}

const RAW: readonly (readonly [string, () => string, RegExp])[] = [
  ['no host', () => `GET / HTTP/1.1\r\nCookie: ${cookie}\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['no host, the old way', () => `GET / HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`, /^HTTP\/1\.1 421 /],
  [
    'two hosts, ours last',
    () => `GET / HTTP/1.1\r\nHost: evil\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`,
    /^HTTP\/1\.1 4(00|21) /,
  ],
  [
    'a whole address for a path',
    () => `GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`,
    /^HTTP\/1\.1 404 /,
  ],
  ['no HTTP', () => 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'headers of 1 MB',
    () => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX: ${'a'.repeat(2 ** 20)}\r\n\r\n`,
    /^HTTP\/1\.1 431 |^$/,
  ],
  [
    'two lengths of a body',
    () =>
      `POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    /^HTTP\/1\.1 40[05] /,
  ],
];

for (const [name, bytes, answer] of RAW)
  test(`refused: ${name}`, async () => assert.match(await raw(bytes()), answer));

test('a form of another site: no answer a page could use, the body is not waited for, nothing is done', async () => {
  const { total } = await opened.studio.call('library.list', {});
  const form = { cookie, 'content-type': 'multipart/form-data; boundary=x', 'content-length': '1000000000' };
  const reply = await get('/studio', { ...form, origin: 'http://evil.example' }, 'POST');
  assert.equal(reply.status, 403);
  assert.equal(reply.headers['access-control-allow-origin'], undefined);
  assert.equal((await opened.studio.call('library.list', {})).total, total);
});

test('every refusal carries the headers of safety, and gives no cookie', async () => {
  for (const [path, headers] of [
    ['/', {}],
    ['/?token=x', {}],
    ['/nothing', { cookie }],
    ['/', { cookie, host: 'evil.example' }],
  ] as const) {
    const { headers: told } = await get(path, headers);
    assert.match(String(told['content-security-policy']), /^default-src 'none'/);
    assert.equal(told['x-content-type-options'], 'nosniff');
    assert.equal(told['set-cookie'], undefined);
    assert.equal(told['access-control-allow-origin'], undefined);
  }
});

test('a file that became HTML or SVG behind our back is never served as such', async () => {
  const bytes = new Uint8Array(await plainPng('blue'));
  const { id } = await opened.studio.call('versions.import', { chatId: null, name: 'b.png', bytes });
  for (const text of [
    '<!doctype html><script>alert(1)</script>',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
  ]) {
    await writeFile(join(opened.folder, 'pictures', `${id}.png`), text);
    const { status, headers } = await get(`/pictures/${id}`, { cookie });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'image/png');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
  }
  for (const [name, text] of [
    ['a.png', '<!doctype html><p>hello'],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'],
  ] as const) {
    const file = new TextEncoder().encode(text);
    const refused = opened.studio.call('versions.import', { chatId: null, name, bytes: file });
    await assert.rejects(refused, { code: 'bad-picture' });
  }
});

/** A text message of a gigabyte as its first bytes announce it, masked as a browser's. */
const GIGABYTE_HEAD = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]);

test('a message of a gigabyte is refused when it is announced, not when it is there', async () => {
  const socket = openSocket();
  await once(socket, 'open');
  const { _socket: line } = socket as unknown as { _socket: Duplex };
  line.write(GIGABYTE_HEAD);
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 1009);
});

test('a message in endless pieces is cut off, and none is unpacked', async () => {
  const socket = openSocket();
  await once(socket, 'open');
  assert.equal(socket.extensions, '', 'no compression, so no bomb');
  socket.on('error', () => {});
  const piece = Buffer.alloc(2 ** 20, 'x');
  const closed = once(socket, 'close');
  for (let count = 0; count < 80 && socket.readyState === WebSocket.OPEN; count++)
    socket.send(piece, { fin: false });
  const [code] = (await closed) as [number];
  assert.equal(code, 1009);
});

const FRAMES: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['no JSON', 'hello', 'bad-request'],
  ['null', 'null', 'bad-request'],
  ['a cut binary frame', new Uint8Array([200, 0, 0, 0, 1]), 'bad-request'],
  ['an unknown method', encodeFrame({ id: 1, method: 'files.read', params: {} }), 'bad-request'],
  ['a method of Object', encodeFrame({ id: 1, method: '__proto__', params: {} }), 'bad-request'],
  ['{} for a scalar', encodeFrame({ id: 1, method: 'chats.get', params: { chatId: {} } }), 'bad-request'],
  [
    'a path for an id',
    encodeFrame({ id: 1, method: 'chats.get', params: { chatId: '../../etc' } }),
    'bad-request',
  ],
  [
    'an id of nothing',
    encodeFrame({ id: 1, method: 'chats.get', params: { chatId: 'abcdefgh' } }),
    'not-found',
  ],
  ['a very deep list', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'bad-request'],
  ['a prototype', '{"id":1,"method":"settings.set","params":{"__proto__":{"theme":7}},"x":1}', 'bad-request'],
  ['a list for the envelope', '[1,"studio.open",{}]', 'bad-request'],
  ['an id that is text', encodeFrame({ id: '1', method: 'studio.open', params: {} }), 'bad-request'],
  [
    'a megabyte for a title',
    encodeFrame({ id: 1, method: 'chats.create', params: { title: 'x'.repeat(1e6) } }),
    'bad-request',
  ],
  [
    'more than the envelope',
    encodeFrame({ id: 1, method: 'chats.get', params: {}, extra: 1 }),
    'bad-request',
  ],
];

for (const [name, frame, code] of FRAMES)
  test(`a frame that holds ${name} is answered with ${code}`, async () => {
    const socket = openSocket();
    const answer = await new Promise((resolve) => {
      socket.on('open', () => socket.send(frame));
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        const message = decodeFrame(isBinary ? data : data.toString());
        if ('failure' in (message as object) && !('event' in (message as object))) resolve(message);
      });
    });
    assert.equal((answer as { failure: { code: string } }).failure.code, code);
    socket.terminate();
  });

test('a frame too large for any message ends the connection; the others go on', async () => {
  const [greedy, other] = [openSocket(), openSocket()];
  await Promise.all([greedy, other].map((socket) => once(socket, 'open')));
  greedy.on('error', () => {});
  greedy.send(Buffer.alloc(66 * 2 ** 20, 'x'));
  const [code] = (await once(greedy, 'close')) as [number];
  assert.equal(code, 1009);
  other.send(encodeFrame({ id: 1, method: 'library.tags', params: {} }));
  await once(other, 'message');
  other.terminate();
});

test('the same request sent twice is answered twice, and stands for two', async () => {
  const socket = openSocket();
  await once(socket, 'open');
  const answers: { id: number; answer: { id: string } }[] = [];
  socket.on('message', (data: Buffer) => {
    const message = decodeFrame(data.toString()) as (typeof answers)[number];
    if ('answer' in message) answers.push(message);
  });
  const frame = encodeFrame({ id: 5, method: 'chats.create', params: {} });
  for (const _ of [1, 2]) socket.send(frame);
  while (answers.length < 2) await once(socket, 'message');
  assert.deepEqual([answers[0]?.id, answers[1]?.id], [5, 5]);
  assert.notEqual(answers[0]?.answer.id, answers[1]?.answer.id);
  socket.terminate();
});

test('a window that reads nothing is let go before its answers fill the memory', async () => {
  const { studio } = opened;
  await studio.call('jobs.pause', { paused: true });
  const { id: chatId } = await studio.call('chats.create', {});
  const submission = { mode: 'create' as const, targetIds: [], settings: {}, seed: 1 };
  for (let turn = 0; turn < 150; turn++)
    await studio.call('jobs.submit', { ...submission, chatId, message: `${turn} ${'word '.repeat(3_900)}` });
  const socket = openSocket();
  await once(socket, 'open');
  socket.pause();
  const frame = encodeFrame({ id: 1, method: 'chats.get', params: { chatId } });
  for (let count = 0; count < 60; count++) socket.send(frame);
  const other = openSocket();
  await once(other, 'open');
  other.send(frame);
  await once(other, 'message');
  other.terminate();
  socket.resume();
  await once(socket, 'close', { signal: AbortSignal.timeout(60_000) });
  assert.equal((await get('/', { cookie })).status, 200);
  await studio.call('jobs.cancelAll', {});
});

test('more connections than a person needs are not taken', async () => {
  const sockets = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1'));
  const ends = sockets.map(
    (socket) => new Promise((resolve) => socket.on('error', resolve).once('close', resolve)),
  );
  await Promise.race(ends);
  for (const socket of sockets) socket.destroy();
  await Promise.all(ends);
  assert.equal((await get('/', { cookie })).status, 200);
});

test('no answer and no failure names a place on the disk', async () => {
  const { studio, folder } = opened;
  const said: unknown[] = [];
  studio.subscribe((event) => said.push(event));
  const note = async (work: Promise<unknown>) =>
    said.push(await work.catch((thrown: Error) => thrown.message));
  await note(studio.call('studio.open', {}));
  await note(studio.call('library.list', {}));
  await note(studio.call('models.list', {}));
  await note(studio.call('models.info', { modelId: 'embedded' }));
  await note(studio.call('versions.export', { versionIds: [pictureId], format: 'png', recipe: true }));
  await rm(join(folder, 'pictures', `${pictureId}.png`));
  await note(
    studio.call('versions.transform', {
      versionId: pictureId,
      transformation: { kind: 'rotate', quarterTurns: 1 },
    }),
  );
  said.push((await get(`/pictures/${pictureId}`, { cookie })).body);
  const text = said.map((entry) => JSON.stringify(entry)).join('\n');
  assert.ok(text.includes(pictureId), 'something was said');
  for (const place of [folder, process.cwd(), tmpdir()])
    assert.ok(!text.includes(place), text.slice(text.indexOf(place) - 80).slice(0, 200));
});
