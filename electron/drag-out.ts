/** A picture dragged out of the window becomes a PNG file where it is dropped. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { app, nativeImage, type WebContents } from 'electron';
import type { Content } from '../engine/page.ts';

const ICON_SIDE = 96;

export async function dragOut(page: WebContents, picture: Content | null): Promise<void> {
  if (!picture) return;
  const folder = await mkdtemp(join(app.getPath('temp'), 'tusk-'));
  const file = join(folder, 'Tusk.png');
  await writeFile(file, picture.bytes);
  const icon = nativeImage.createFromBuffer(Buffer.from(picture.bytes)).resize({ height: ICON_SIDE });
  page.startDrag({ file, icon });
}
