/** The studio's process as an object with a life: introduced, lost, told, started again, and left alone in the end. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Failure } from '../../../engine/studio-protocol.ts';
import { FakeContents, forks } from '../../helpers/electron.ts';

const { StudioProcess } = await import('../../../electron/studio-process.ts');
const PLACES = {
  studio: '/studio.js',
  engine: '/engine.js',
  library: '/library',
  model: '/model',
  upscaler: '/upscaler',
};
const refusals: Failure[] = [];
const create = () => {
  const studio = new StudioProcess(PLACES, {
    onEvent: () => {},
    onRefused: (failure) => refusals.push(failure),
  });
  studio.start();
  return studio;
};
const tells = (index: number) => forks[index]!.posted.map(({ message }) => message.tell);

beforeEach(() => {
  forks.length = 0;
  refusals.length = 0;
});

test('it is forked by path with its folders, and a page that connects is given a port', () => {
  const page = new FakeContents();
  create().connect(page.asContents());
  assert.deepEqual(
    [forks[0]!.path, forks[0]!.args],
    ['/studio.js', ['--library', '/library', '--checkpoint', '/model', '--upscaler', '/upscaler']],
  );
  assert.deepEqual(forks[0]!.posted, [{ message: { tell: 'window' }, ports: 1 }]);
  assert.deepEqual(page.sent, [{ channel: 'port', ports: 1 }]);
});

test('a loss is told at once, then a new process is introduced; a page that is gone is not', () => {
  const [page, closed] = [new FakeContents(), new FakeContents()];
  const studio = create();
  studio.connect(page.asContents());
  studio.connect(closed.asContents());
  closed.emit('destroyed');
  forks[0]!.emit('exit', 1);
  assert.deepEqual(
    page.sent.map(({ channel }) => channel),
    ['port', 'lost', 'port'],
  );
  assert.equal(closed.sent.length, 1);
  assert.deepEqual(tells(1), ['window']);
});

test('it is not started for ever', () => {
  create();
  for (let loss = 0; loss < 5; loss += 1) forks.at(-1)!.emit('exit', 1);
  assert.equal(forks.length, 5);
  assert.match(refusals[0]!.message, /keeps stopping/);
});

test('a library that can not be opened is said once, and nothing is started again', () => {
  create();
  const failure = { code: 'library-locked', message: 'In use.', hint: null };
  forks[0]!.emit('message', { tell: 'refused', failure });
  forks[0]!.emit('exit', 0);
  assert.deepEqual(refusals, [failure]);
  assert.equal(forks.length, 1);
});

test('engines are forked on demand; the studio gets their port and is told of their end', () => {
  create();
  forks[0]!.emit('message', { tell: 'start-engine', engine: 7 });
  assert.equal(forks[1]!.path, '/engine.js');
  assert.equal(forks[1]!.posted[0]!.ports, 1);
  forks[1]!.emit('spawn');
  forks[1]!.emit('exit', 9);
  assert.deepEqual(forks[0]!.posted, [
    { message: { tell: 'engine', engine: 7, pid: 0 }, ports: 1 },
    { message: { tell: 'engine-gone', engine: 7, code: 9 }, ports: 0 },
  ]);
});

test('a picture is fetched from the studio; a loss answers with none', async () => {
  const studio = create();
  const content = { type: 'image/png', bytes: new Uint8Array([1]) };
  const first = studio.fetch('/pictures/abcdefgh');
  forks[0]!.emit('message', { tell: 'content', request: 1, content });
  assert.deepEqual(await first, content);
  const second = studio.fetch('/pictures/abcdefgh');
  forks[0]!.emit('exit', 1);
  assert.equal(await second, null);
});

test('stopping lets it close the library, and it stays closed', async () => {
  const studio = create();
  const stopped = studio.stop();
  assert.deepEqual(tells(0), ['stop']);
  forks[0]!.emit('exit', 0);
  await stopped;
  assert.equal(studio.isRunning, false);
  assert.equal(forks.length, 1);
});
