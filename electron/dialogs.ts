/** Files that a person chooses in the system's dialogs. A page gets names and bytes, paths stay here. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type BrowserWindow, dialog } from 'electron';
import { writeWhole } from '../engine/files.ts';
import type { PickedFile } from './bridge.ts';

const FILTERS = {
  pictures: [{ name: 'Pictures', extensions: ['png', 'jpg', 'jpeg', 'webp', 'avif'] }],
  project: [{ name: 'Tusk chats', extensions: ['tusk'] }],
} as const;

export async function openFiles(window: BrowserWindow, kind: keyof typeof FILTERS): Promise<PickedFile[]> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    properties: kind === 'pictures' ? ['openFile', 'multiSelections'] : ['openFile'],
    filters: FILTERS[kind].map(({ name, extensions }) => ({ name, extensions: [...extensions] })),
  });
  return Promise.all(filePaths.map(readPicked));
}

/** @returns false if the person closed the dialog. @throws TuskError `file-write`. */
export async function saveFile(window: BrowserWindow, { name, bytes }: PickedFile): Promise<boolean> {
  const ending = extname(name).slice(1);
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: basename(name),
    ...(ending && { filters: [{ name: ending.toUpperCase(), extensions: [ending] }] }),
  });
  if (!canceled) await writeWhole(filePath, bytes);
  return !canceled;
}

export async function chooseFolder(window: BrowserWindow): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openDirectory'] });
  return filePaths[0] ?? null;
}

export async function readPicked(path: string): Promise<PickedFile> {
  return { name: basename(path), bytes: await readFile(path) };
}
