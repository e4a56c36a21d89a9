/** Plans whose tokens are not squares, and edits of pictures of any size: grids, previews in the picture's shape, sizes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { EngineClient } from '../../../engine/client.ts';
import { decodePicture } from '../../../engine/image/decode.ts';
import type { Picture } from '../../../engine/image/picture.ts';
import { resize } from '../../../engine/image/resize.ts';
import { createHandlers } from '../../../engine/process/handlers.ts';
import { serve } from '../../../engine/process/serve.ts';
import type { ParamsInput, PictureFile, PictureResult, Progress } from '../../../engine/protocol.ts';
import { linkedCheckpoint, removeFolder, replaceFile } from '../../helpers/checkpoint-folder.ts';
import { portPair } from '../../helpers/ports.ts';

/** [width, height] and [high, wide]. */
const SIZES = [
  [64, 64],
  [128, 64],
];
const TUSK = { sizes: SIZES, pixels_per_token: [16, 8], steps: 1, text_guidance: 1, plan_guidance: 1 };

let checkpoint = '';
const [here, there] = portPair();
before(async () => {
  checkpoint = await linkedCheckpoint(['tusk.json']);
  await replaceFile(checkpoint, 'tusk.json', JSON.stringify(TUSK));
  serve(there, createHandlers({ threads: 1 }));
});
after(async () => {
  here.close();
  await removeFolder(checkpoint);
});

interface Made {
  /** Tokens of the prompt, as they are told. */
  read: number[];
  picture: PictureFile;
  grid: { rows: number; columns: number };
  /** Previews of so many finished rows; the first of all, and those that came slowly enough. */
  plan: { row: number; preview: PictureFile }[];
  steps: PictureFile[];
}

async function made(
  run: (events: { onEvent: (event: Progress) => void }) => Promise<PictureResult>,
): Promise<Made> {
  const plan: Made['plan'] = [];
  const steps: PictureFile[] = [];
  const read: number[] = [];
  const onEvent = (event: Progress) => {
    if (event.event === 'reading') read.push(event.tokens);
    if (event.event === 'plan' && event.preview) plan.push({ row: event.row, preview: event.preview });
    if (event.event === 'step' && event.preview) steps.push(event.preview);
  };
  const [{ picture, recipe }] = (await run({ onEvent })).pictures as [PictureResult['pictures'][0]];
  assert.deepEqual([recipe.width, recipe.height], [picture.width, picture.height]);
  assert.equal(plan[0]?.row, 1);
  return { read, picture, grid: recipe.grid, plan, steps };
}

const client = new EngineClient(here);
const create = (params: Partial<ParamsInput<'create'>> = {}) =>
  made((events) => client.run('create', { checkpoint, prompt: 'a red apple', seed: 3, ...params }, events));

async function edit(...pictures: readonly Buffer[]): Promise<Made> {
  const params = {
    checkpoint,
    instruction: 'make it blue',
    seed: 3,
    pictures: pictures.map((bytes) => ({ bytes })),
  };
  return made((events) => client.run('edit', params, events));
}

async function ask(bytes: Buffer): Promise<{ text: string; read: number[] }> {
  const read: number[] = [];
  const content = [
    { type: 'picture' as const, picture: { bytes } },
    { type: 'text' as const, text: 'what is this' },
  ];
  const messages = [{ role: 'user' as const, content }];
  const onEvent = (event: Progress) => {
    if (event.event === 'reading') read.push(event.tokens);
  };
  const { text } = await client.run('chat', { checkpoint, messages, maxTokens: 8 }, { onEvent });
  return { text, read };
}

const png = ({ width, height, pixels }: Picture): Promise<Buffer> =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();

const picture = (width: number, height: number, background: string): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();

/** [width, height] of each file, which has to be what was told. */
const sizesOf = (files: readonly PictureFile[]): Promise<number[][]> =>
  Promise.all(
    files.map(async ({ width, height, bytes }) => {
      const file = await sharp(bytes).metadata();
      assert.deepEqual([file.width, file.height], [width, height]);
      return [width, height];
    }),
  );

/** Each preview of a plan is as wide as a row, and as high as its rows. */
async function assertRows(plan: Made['plan'], [width, height]: readonly [number, number]): Promise<void> {
  assert.deepEqual(
    await sizesOf(plan.map(({ preview }) => preview)),
    plan.map(({ row }) => [width, height * row]),
  );
}

const pixels = ({ bytes }: { bytes: Uint8Array }): Promise<Buffer> =>
  sharp(bytes).removeAlpha().raw().toBuffer();

test('a plan has the tokens its size has room for, and is shown in the shape of what they stand for', async () => {
  const { picture, grid, plan, steps } = await create();
  assert.deepEqual(grid, { rows: 4, columns: 8 });
  await assertRows(plan, [112, 28]);
  assert.deepEqual(await sizesOf(steps), [[8, 8]]);
  assert.deepEqual(await sizesOf([picture]), [[64, 64]]);
});

test('another size has another grid, and a grid that is asked for is shown in the shape of the picture', async () => {
  const wide = await create({ size: { width: 128, height: 64 } });
  assert.deepEqual(wide.grid, { rows: 4, columns: 16 });
  await assertRows(wide.plan, [224, 28]);
  const asked = await create({ size: { width: 128, height: 64 }, grid: { rows: 2, columns: 2 } });
  await assertRows(asked.plan, [56, 14]);
});

for (const [width, height, seen] of [
  [250, 200, [64, 64]],
  [320, 160, [128, 64]],
  [45, 200, [64, 64]],
  [64, 64, [64, 64]],
] as const)
  test(`an edit of ${width} x ${height} is planned at ${seen.join(' x ')} and has the size of its picture`, async () => {
    const { picture: edited, grid, plan, steps } = await edit(await picture(width, height, '#c8102e'));
    assert.deepEqual(await sizesOf([edited]), [[width, height]]);
    assert.deepEqual(grid, { rows: 4, columns: seen[0] / 8 });
    const planned = plan.map(({ row, preview }) => [preview.width, (preview.height * grid.rows) / row]);
    const painted = steps.map((preview) => [preview.width, preview.height]);
    for (const [w, h] of [...planned, ...painted])
      assert.ok(Math.abs(w! / h! / (width / height) - 1) < 0.05, `${w} x ${h}`);
    assert.ok(painted.length > 0);
  });

test('a picture of any size is read as at the trained size nearest in shape, in a question and in an edit', async () => {
  const large = await decodePicture(await picture(250, 200, '#c8102e'));
  large.pixels.fill(40, 0, large.pixels.length / 2);
  const small = resize(large, { width: 64, height: 64 }, 'bicubic');
  const [asked, askedSmall] = [await ask(await png(large)), await ask(await png(small))];
  assert.deepEqual(asked, askedSmall);
  const [edited, editedSmall] = [await edit(await png(large)), await edit(await png(small))];
  assert.ok(asked.read.at(-1)! > 0);
  assert.deepEqual(edited.read, editedSmall.read);
});

test('of two pictures the last one sets the size, and their order tells', async () => {
  const [red, blue] = [await picture(64, 64, '#c8102e'), await picture(300, 160, '#1f4fc8')];
  const [last, first] = [await edit(red, blue), await edit(blue, red)];
  assert.deepEqual(await sizesOf([last.picture, first.picture]), [
    [300, 160],
    [64, 64],
  ]);
  const green = await picture(64, 64, '#10a040');
  const [one, other] = [await edit(red, green), await edit(green, red)];
  assert.notDeepEqual(await pixels(one.picture), await pixels(other.picture));
});
