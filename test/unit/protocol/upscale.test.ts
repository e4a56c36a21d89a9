/** Enlarging as a request: events, sizes, cancellation, what is refused. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { EngineClient } from '../../../engine/client.ts';
import { encodeGeneratedPng, isMarkedAsMade } from '../../../engine/image/encode.ts';
import { createHandlers } from '../../../engine/process/handlers.ts';
import { serve } from '../../../engine/process/serve.ts';
import type { Port, Progress } from '../../../engine/protocol.ts';
import { portPair } from '../../helpers/ports.ts';

let here: Port;
let client: EngineClient;
before(() => {
  const [port, there] = portPair();
  serve(there, createHandlers({ threads: 1 }));
  here = port;
  client = new EngineClient(port);
});
after(() => here.close());

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#3060c0' } })
    .png()
    .toBuffer();

test('tile after tile is told with a picture of the final shape, then comes the file', async () => {
  const events: Progress[] = [];
  const params = { picture: { bytes: await plain(150, 40) }, factor: 4 as const };
  const { picture } = await client.run('upscale', params, { onEvent: (event) => events.push(event) });
  const tiles = events.filter((event) => event.event === 'tile');
  assert.deepEqual(
    tiles.map(({ tile, tiles }) => [tile, tiles]),
    [
      [1, 2],
      [2, 2],
    ],
  );
  for (const { preview } of tiles) assert.equal(preview!.width / preview!.height, 600 / 160);
  const { data, info } = await sharp(picture.bytes).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, picture.width, picture.height], [600, 160, 600, 160]);
  // One colour stays that colour.
  const centre = (80 * 600 + 300) * 3;
  for (const [c, level] of [0x30, 0x60, 0xc0].entries()) assert.ok(Math.abs(data[centre + c]! - level) <= 2);
});

test('a picture that a model made goes on saying so; another one says nothing', async () => {
  const pixels = new Uint8Array(16 * 16 * 3).fill(90);
  const made = await encodeGeneratedPng({ width: 16, height: 16, pixels });
  for (const [bytes, isMade] of [
    [made, true],
    [await plain(16, 16), false],
  ] as const) {
    const { picture } = await client.run('upscale', { picture: { bytes }, factor: 2 });
    assert.equal(isMarkedAsMade(picture.bytes), isMade);
    assert.equal(picture.width, 32);
  }
});

test('cancelled between two tiles', async () => {
  const controller = new AbortController();
  let tiles = 0;
  const onEvent = (event: Progress) => {
    if (event.event !== 'tile') return;
    tiles += 1;
    controller.abort();
  };
  const params = { picture: { bytes: await plain(900, 40) }, factor: 2 as const, previews: false };
  await assert.rejects(client.run('upscale', params, { onEvent, signal: controller.signal }), {
    code: 'cancelled',
  });
  assert.ok(tiles < 8, `${tiles} of 8 tiles`);
});

test('what would be too large, no picture, another factor and a folder without the network are refused', async () => {
  const bytes = await plain(16, 16);
  const large = { picture: { bytes: await plain(4_200, 2_100) }, factor: 4 as const };
  await assert.rejects(client.run('upscale', large), { code: 'bad-setting', message: /16800 x 8400/ });
  const broken = { picture: { bytes: bytes.subarray(0, 40) }, factor: 2 as const };
  await assert.rejects(client.run('upscale', broken), { code: 'bad-picture' });
  const three = { picture: { bytes }, factor: 3 } as never;
  await assert.rejects(client.run('upscale', three), { code: 'bad-setting' });
  const nowhere = { picture: { bytes }, factor: 2 as const, weights: '/nowhere' };
  await assert.rejects(client.run('upscale', nowhere), { code: 'checkpoint-missing' });
});
