/** What is composed, on its way to the queue. */
import type { StudioParams } from '../../engine/studio-protocol.ts';
import { useStudio } from '../stores/studio.ts';
import { useWorkspace, type WorkspaceState } from '../stores/workspace.ts';
import { currentChat } from './actions.ts';
import { call, request } from './studio.ts';

interface How {
  /** Before all that wait. */
  first?: boolean;
  /** Asked for although the memory may not be enough. */
  anyway?: boolean;
}

/** Sends what is composed. The message stays where it was if it could not be sent, or if a smaller choice is offered. */
export async function sendMessage({ first = false, anyway = false }: How = {}): Promise<void> {
  const composed = useWorkspace.getState();
  const { message, modeOverride } = composed;
  if (message.trim() === '') return;
  useWorkspace.setState({ message: '', modeOverride: null, memoryOffer: null });
  const isSent = (anyway || (await fits(composed, first))) && (await submit(composed, first));
  if (!isSent) useWorkspace.setState((state) => ({ message: state.message || message, modeOverride }));
}

async function submit(composed: WorkspaceState, first: boolean): Promise<boolean> {
  const { message, targetIds, seed } = composed;
  const chatId = await currentChat();
  if (!chatId) return false;
  const variations = composed.variations ?? useStudio.getState().settings?.variations ?? 1;
  const request = { chatId, mode: modeOf(composed), message, targetIds, seed, variations, first };
  const sent = await call('jobs.submit', { ...request, settings: settingsOf(composed) });
  if (sent) useWorkspace.setState({ watchedJobId: sent.jobs[0]!.id });
  return sent !== undefined;
}

const modeOf = ({ modeOverride }: WorkspaceState): StudioParams<'jobs.submit'>['mode'] =>
  modeOverride ?? 'auto';

const settingsOf = ({ pictureSettings }: WorkspaceState): StudioParams<'jobs.submit'>['settings'] => ({
  preset: useStudio.getState().settings?.preset,
  ...pictureSettings,
});

/** Pictures are checked against the free memory; what can't be checked is sent. */
async function fits(composed: WorkspaceState, first: boolean): Promise<boolean> {
  const { message, targetIds, modeOverride } = composed;
  const unknown = () => undefined;
  const mode = modeOverride ?? (await request('jobs.detect', { message, targetIds }).catch(unknown))?.mode;
  if (mode === undefined || mode === 'ask') return true;
  const settings = settingsOf(composed);
  const check = await request('models.check', { mode, targetIds, settings }).catch(unknown);
  if (!check || check.fits) return true;
  useWorkspace.setState({ memoryOffer: { ...check, first } });
  return false;
}
