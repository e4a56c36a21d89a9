/**
 * A studio on the library named by its first argument that changes it without end, and says what it begins and what it
 * was told is kept, until it is killed. Its queue is paused; its engine is the program named by the second argument.
 */
import { randomBytes, randomInt } from 'node:crypto';
import sharp from 'sharp';
import { spawnEngine } from '../../engine/spawn.ts';
import { Studio } from '../../engine/studio/studio.ts';
import type { StudioClient } from '../e2e/studio.ts';

/** What a person would be told: which thing, and how it is now. */
export type Told = { begun: string } | { kept: string; as: Record<string, unknown> };

const SIDE = 96;
const [folder, engine] = process.argv.slice(2);
const studio = await Studio.open({ folder: folder!, spawn: () => spawnEngine({}, engine) });
const call: StudioClient['call'] = (method, params) => studio.call(method, params);
const tell = (told: Told) => void process.send!(told);

async function noise(): Promise<Uint8Array> {
  const raw = { width: SIDE, height: SIDE, channels: 3 as const };
  return new Uint8Array(
    await sharp(randomBytes(SIDE * SIDE * 3), { raw })
      .png()
      .toBuffer(),
  );
}

async function change(id: string): Promise<void> {
  tell({ begun: id });
  const kind = randomInt(4);
  if (kind === 0) await call('versions.star', { versionId: id, starred: randomInt(2) === 1 });
  else if (kind === 1) await call('versions.tag', { versionId: id, tags: [`tag ${randomInt(1_000)}`] });
  else await call(kind === 2 ? 'versions.delete' : 'versions.restore', { versionIds: [id] });
  const { starred, tags, deletedAt } = await call('versions.get', { versionId: id });
  tell({ kept: id, as: { starred, tags, deletedAt } });
}

async function bringIn(): Promise<string> {
  const { id, starred, tags, deletedAt } = await call('versions.import', {
    chatId: null,
    name: 'noise.png',
    bytes: await noise(),
  });
  tell({ kept: id, as: { starred, tags, deletedAt } });
  return id;
}

async function submit(message: string): Promise<void> {
  const { id: chatId } = await call('chats.create', { title: message });
  const settings = { steps: 2, width: 32, height: 32 };
  const request = { chatId, mode: 'create' as const, message, targetIds: [], settings, seed: 7 };
  const { jobs } = await call('jobs.submit', request);
  tell({ kept: jobs[0]!.id, as: { message } });
}

await call('jobs.pause', { paused: true });
const mine: string[] = [];
for (let round = 0; ; round++) {
  mine.push(await bringIn());
  for (let turn = 0; turn < 4; turn++) await change(mine[randomInt(mine.length)]!);
  await submit(`message ${round}`);
}
