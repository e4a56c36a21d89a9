/** What a person does that several parts of the window offer. */
import type { Version } from '../../engine/studio-protocol.ts';
import { notify } from '../stores/notices.ts';
import { byId, useStudio } from '../stores/studio.ts';
import { addTarget, useWorkspace } from '../stores/workspace.ts';
import { saveFile } from './files.ts';
import { newId } from './ids.ts';
import { call } from './studio.ts';

/** Shows a chat with its newest picture. */
export async function openChat(chatId: string): Promise<void> {
  const loaded = await loadChat(chatId);
  if (!loaded) return;
  const newest = loaded.findLast((version) => version.deletedAt === null);
  useWorkspace.setState({
    view: 'studio',
    pane: 'thread',
    chatsShown: false,
    chatId,
    versionId: newest?.id ?? null,
    targetIds: newest ? [newest.id] : [],
    watchedJobId: firstPendingJob(chatId),
  });
}

/** Reads a chat's turns, versions and jobs into the mirror. @returns its versions, oldest first. */
export async function loadChat(chatId: string): Promise<Version[] | undefined> {
  const loaded = await call('chats.get', { chatId });
  if (!loaded) return undefined;
  useStudio.setState((state) => ({
    chats: { ...state.chats, [chatId]: loaded.chat },
    turns: { ...state.turns, ...byId(loaded.turns) },
    versions: { ...state.versions, ...byId(loaded.versions) },
    jobs: { ...state.jobs, ...byId(loaded.jobs) },
  }));
  return loaded.versions;
}

const firstPendingJob = (chatId: string): string | null => {
  const { queue, jobs } = useStudio.getState();
  return queue.find((id) => jobs[id]?.chatId === chatId) ?? null;
};

/** An empty chat; it is kept once something was said in it. */
export function newChat(): void {
  useWorkspace.setState({
    view: 'studio',
    pane: 'thread',
    chatsShown: false,
    chatId: null,
    versionId: null,
    targetIds: [],
    watchedJobId: null,
  });
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus());
}

/** Id of the chat on screen. An empty one gets its own now, so that all that is said in it goes there. */
export function chatOnScreen(): string {
  const chatId = useWorkspace.getState().chatId ?? newId();
  useWorkspace.setState({ chatId });
  return chatId;
}

/** @returns whether the studio has it now. */
export async function makeChat(chatId: string): Promise<boolean> {
  const isMade = chatId in useStudio.getState().chats;
  return isMade || (await call('chats.create', { chatId })) !== undefined;
}

/** The chat on screen; made if there is none yet. */
export async function currentChat(): Promise<string | undefined> {
  const chatId = chatOnScreen();
  return (await makeChat(chatId)) ? chatId : undefined;
}

const isProject = ({ name }: File): boolean => name.endsWith('.tusk');

/** Chats that were exported come back; anything else is brought in as a picture. */
export async function importFiles(files: Iterable<File>): Promise<void> {
  const all = [...files];
  for (const file of all.filter(isProject)) await importProject(file);
  await importPictures(all.filter((file) => !isProject(file)));
}

/** The same, and pictures get a chat of their own. */
export async function importApart(files: readonly File[]): Promise<void> {
  if (!files.every(isProject)) newChat();
  await importFiles(files);
}

/** A chat that was exported, with its pictures. */
export async function importProject(file: File): Promise<void> {
  const bytes = await bytesOf(file);
  const chat = bytes && (await call('chats.import', { bytes }, file.name));
  if (chat) await openChat(chat.id);
}

/** Makes them what the next message is about. */
async function importPictures(files: readonly File[]): Promise<void> {
  const chatId = files.length > 0 ? await currentChat() : undefined;
  if (!chatId) return;
  for (const file of files) {
    const bytes = await bytesOf(file);
    const version = bytes && (await call('versions.import', { chatId, name: file.name, bytes }, file.name));
    if (!version) continue;
    useStudio.setState(({ versions }) => ({ versions: { ...versions, [version.id]: version } }));
    addTarget(version.id);
    useWorkspace.setState({ versionId: version.id, watchedJobId: null });
  }
}

/** Undefined, and said so, for what can't be read: a folder, a file that is gone. */
async function bytesOf(file: File): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    notify({
      kind: 'failure',
      failure: { code: 'bad-picture', message: String(error), hint: null },
      about: file.name,
    });
    return undefined;
  }
}

export async function exportProject(chatId: string): Promise<void> {
  const file = await call('chats.export', { chatId });
  if (file) saveFile(file.name, file.bytes);
}

/** Into the bin; the notice takes it back. The canvas goes on with what the deleted picture was made from, or beside. */
export async function deleteVersions(versionIds: string[], title: string, undo: string): Promise<void> {
  const deleted = await call('versions.delete', { versionIds });
  if (!deleted) return;
  const before = useWorkspace.getState();
  useWorkspace.setState({
    versionId: nearestKept(before.versionId, versionIds) ?? newestKept(before.chatId, versionIds),
    targetIds: before.targetIds.filter((id) => !versionIds.includes(id)),
  });
  const restore = async () => {
    const { chatId, versionId, targetIds } = before;
    if (!(await call('versions.restore', { versionIds }))) return;
    if (useWorkspace.getState().chatId === chatId) useWorkspace.setState({ versionId, targetIds });
  };
  notify({ kind: 'done', title, action: { label: undo, run: () => void restore() } });
}

/** The version itself, else the nearest one it was made from that isn't deleted. */
function nearestKept(versionId: string | null, deletedIds: readonly string[]): string | null {
  if (versionId === null) return null;
  const version = useStudio.getState().versions[versionId];
  const isKept = version && version.deletedAt === null && !deletedIds.includes(versionId);
  return isKept ? versionId : nearestKept(version?.parentId ?? null, deletedIds);
}

/** What is left in the chat. */
function newestKept(chatId: string | null, deletedIds: readonly string[]): string | null {
  const kept = Object.values(useStudio.getState().versions).filter(
    (version) => version.chatId === chatId && version.deletedAt === null && !deletedIds.includes(version.id),
  );
  return kept.sort((a, b) => b.createdAt - a.createdAt)[0]?.id ?? null;
}

export async function exportVersions(
  versionIds: string[],
  format: 'png' | 'jpeg' | 'webp' = 'png',
  recipe = true,
): Promise<void> {
  const file = await call('versions.export', { versionIds, format, recipe });
  if (file) saveFile(file.name, file.bytes);
}
