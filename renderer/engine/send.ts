/** What is composed, on its way to the queue. */
import type { StudioParams } from '../../engine/studio-protocol.ts';
import { useStudio } from '../stores/studio.ts';
import { useWorkspace, watchJob } from '../stores/workspace.ts';
import { chatOnScreen, makeChat } from './actions.ts';
import { newId } from './ids.ts';
import { hold, type Outgoing, outgoing, release } from './outbox.ts';
import { call, request } from './studio.ts';

type How = Partial<Pick<Outgoing, 'first' | 'anyway'>>;

/** Sends what is composed. The message stays where it was if it could not be sent, or if a smaller choice is offered. */
export async function sendMessage({ first = false, anyway = false }: How = {}): Promise<void> {
  const { message, modeOverride, targetIds, seed, variations, pictureSettings } = useWorkspace.getState();
  if (message.trim() === '') return;
  const composed = { message, modeOverride, targetIds, seed, variations, pictureSettings };
  const sent: Outgoing = { ...composed, chatId: chatOnScreen(), turnId: newId(), first, anyway };
  hold(sent);
  useWorkspace.setState({ message: '', modeOverride: null, memoryOffer: null });
  await deliver(sent);
}

/** What was on its way when the page was left; what had arrived by then is taken once. */
export async function sendAgain(): Promise<void> {
  for (const message of outgoing()) await deliver(message);
}

async function deliver(sent: Outgoing): Promise<void> {
  const isSent = (sent.anyway || (await fits(sent))) && (await submit(sent));
  // Without a connection nobody knows; the next one sends it again.
  if (!isSent && useStudio.getState().connection !== 'open') return;
  if (release(sent) && !isSent) comeBack(sent);
}

/** Into the composer; before what has been written there since, which keeps its own pictures and settings. */
function comeBack({ message, modeOverride, targetIds, seed, variations, pictureSettings }: Outgoing): void {
  const { message: since } = useWorkspace.getState();
  if (since !== '') useWorkspace.setState({ message: `${message}\n${since}` });
  else useWorkspace.setState({ message, modeOverride, targetIds, seed, variations, pictureSettings });
}

async function submit(sent: Outgoing): Promise<boolean> {
  const { chatId, turnId, message, targetIds, seed, first } = sent;
  if (!(await makeChat(chatId))) return false;
  const variations = sent.variations ?? useStudio.getState().settings?.variations ?? 1;
  const request = { chatId, turnId, mode: modeOf(sent), message, targetIds, seed, variations, first };
  const taken = await call('jobs.submit', { ...request, settings: settingsOf(sent) });
  if (taken && useWorkspace.getState().chatId === chatId) watchJob(taken.jobs[0]!.id);
  return taken !== undefined;
}

const modeOf = ({ modeOverride }: Outgoing): StudioParams<'jobs.submit'>['mode'] => modeOverride ?? 'auto';

const settingsOf = ({ pictureSettings }: Outgoing): StudioParams<'jobs.submit'>['settings'] => ({
  preset: useStudio.getState().settings?.preset,
  ...pictureSettings,
});

/** Pictures are checked against the free memory; what can't be checked is sent. */
async function fits(sent: Outgoing): Promise<boolean> {
  const { message, targetIds, modeOverride, first } = sent;
  const unknown = () => undefined;
  const mode = modeOverride ?? (await request('jobs.detect', { message, targetIds }).catch(unknown))?.mode;
  if (mode === undefined || mode === 'ask') return true;
  const settings = settingsOf(sent);
  const check = await request('models.check', { mode, targetIds, settings }).catch(unknown);
  if (!check || check.fits) return true;
  useWorkspace.setState({ memoryOffer: { ...check, first } });
  return false;
}
