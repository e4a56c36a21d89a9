/** The commands of the palette, those first that fit what is on screen. */
import { useTranslation } from 'react-i18next';
import type { Settings } from '../../../engine/studio-protocol.ts';
import { useKeyNames } from '../../components/useKeyNames.ts';
import { deleteVersions, exportVersions, newChat } from '../../engine/actions.ts';
import { enlarge } from '../../engine/enlarge.ts';
import { saveFile } from '../../engine/files.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { type Dialog, useWorkspace, type View } from '../../stores/workspace.ts';

export interface Act {
  id: string;
  label: string;
  keys?: string;
  run: () => void;
}

const show = (view: View) => () => useWorkspace.setState({ view });
const open = (dialog: Dialog) => () => useWorkspace.setState({ dialog });
const set = (change: Partial<Settings>) => () => void call('settings.set', change);

export function useActs(): { name: string; acts: Act[] }[] {
  return [
    { name: 'picture', acts: usePictureActs() },
    { name: 'queue', acts: useQueueActs() },
    { name: 'go', acts: useGoActs() },
    { name: 'look', acts: useLookActs() },
  ];
}

function useGoActs(): Act[] {
  const { t } = useTranslation('palette');
  const keyNames = useKeyNames();
  const act = (id: string, run: () => void, keys?: string): Act => ({
    id,
    label: t(`act.${id}`),
    run,
    ...(keys && { keys: keyNames(keys) }),
  });
  return [
    act('newChat', newChat, 'Mod+N'),
    act('studio', show('studio')),
    act('library', show('library'), '/'),
    act('models', show('models')),
    act('settings', show('settings')),
    act('shortcuts', open('shortcuts'), '?'),
    act('tour', open('tour')),
  ];
}

const ENLARGING = [
  { factor: 2, keys: 'U' },
  { factor: 4, keys: 'Shift+U' },
] as const;

function usePictureActs(): Act[] {
  const keyNames = useKeyNames();
  const { t } = useTranslation(['palette', 'studio']);
  const version = useStudio(({ versions }) => versions[useWorkspace.getState().versionId ?? '']);
  const chatId = useWorkspace((state) => state.chatId);
  const acts: Act[] = [];
  if (version) {
    const { id, starred } = version;
    const remove = () => deleteVersions([id], t('deleted'), t('undo', { ns: 'studio' }));
    acts.push(
      {
        id: 'star',
        label: t(starred ? 'act.unstar' : 'act.star'),
        run: () => void call('versions.star', { versionId: id, starred: !starred }),
      },
      { id: 'save', label: t('act.save'), run: () => void exportVersions([id]) },
      ...ENLARGING.map(({ factor, keys }) => ({
        id: `bigger ${factor}`,
        label: t('act.bigger', { factor }),
        keys: keyNames(keys),
        run: () => void enlarge(id, factor),
      })),
      { id: 'delete', label: t('act.delete'), run: () => void remove() },
    );
  }
  if (chatId) acts.push({ id: 'saveChat', label: t('act.saveChat'), run: () => void saveChat(chatId) });
  return acts;
}

async function saveChat(chatId: string): Promise<void> {
  const file = await call('chats.export', { chatId });
  if (file) saveFile(file.name, file.bytes);
}

function useQueueActs(): Act[] {
  const { t } = useTranslation('palette');
  const isPaused = useStudio((state) => state.queuePaused);
  const count = useStudio((state) => state.queue.length);
  if (count === 0 && !isPaused) return [];
  return [
    {
      id: 'pause',
      label: t(isPaused ? 'act.resume' : 'act.pause'),
      run: () => void call('jobs.pause', { paused: !isPaused }),
    },
    { id: 'cancelAll', label: t('act.cancelAll'), run: () => void call('jobs.cancelAll', {}) },
  ];
}

function useLookActs(): Act[] {
  const { t } = useTranslation(['palette', 'settings', 'studio']);
  const themes = (['system', 'light', 'dark'] as const).map((theme) => ({
    id: `theme ${theme}`,
    label: t('act.theme', { theme: t(`themes.${theme}`, { ns: 'settings' }) }),
    run: set({ theme }),
  }));
  const presets = (['fast', 'balanced', 'best'] as const).map((preset) => ({
    id: `preset ${preset}`,
    label: t('act.preset', { preset: t(`options.${preset}`, { ns: 'studio' }) }),
    run: set({ preset }),
  }));
  return [...themes, ...presets];
}
