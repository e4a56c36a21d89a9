import { Command } from 'cmdk';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../components/Dialog.tsx';
import { openChat } from '../../engine/actions.ts';
import { makePicture, useExamples } from '../../engine/examples.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { type Act, useActs } from './acts.ts';
import './palette.css';

const close = (): void => useWorkspace.setState({ dialog: null });

/** Everything that can be done, found by typing. */
export function Palette() {
  const { t } = useTranslation('palette');
  const groups = useGroups();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const run = (act: Act) => {
    close();
    void act.run();
  };
  return (
    <Dialog label={t('title')} onClose={close}>
      <Command className="palette" label={t('title')} filter={rank} loop>
        <Command.Input ref={input} className="palette-input" placeholder={t('placeholder')} />
        <Command.List className="palette-list" label={t('commands')}>
          <Command.Empty className="palette-empty">{t('nothing')}</Command.Empty>
          {groups.map(({ name, acts }) => (
            <Command.Group key={name} heading={t(`group.${name}`)}>
              {acts.map((act) => (
                <Command.Item key={act.id} value={`${act.label} ${act.id}`} onSelect={() => run(act)}>
                  <span>{act.label}</span>
                  {act.keys && <kbd>{act.keys}</kbd>}
                </Command.Item>
              ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
}

/** Every word typed must be in the name; names that begin with the first one rank higher. */
function rank(name: string, typed: string): number {
  const [where, words] = [name.toLowerCase(), typed.toLowerCase().split(/\s+/).filter(Boolean)];
  if (!words.every((word) => where.includes(word))) return 0;
  return where.startsWith(words[0] ?? '') ? 1 : 0.5;
}

const CHATS = 50;
const EXAMPLES = 5;

function useGroups(): { name: string; acts: Act[] }[] {
  const { t } = useTranslation('palette');
  const chats = useStudio((state) => state.chats);
  const examples = useExamples();
  const kept = Object.values(chats)
    .filter((chat) => chat.deletedAt === null)
    .sort((first, second) => second.updatedAt - first.updatedAt)
    .slice(0, CHATS);
  const groups = [
    ...useActs(),
    {
      name: 'chats',
      acts: kept.map(({ id, title }) => ({
        id,
        label: title || t('untitled'),
        run: () => void openChat(id),
      })),
    },
    {
      name: 'make',
      acts: examples.create.slice(0, EXAMPLES).map((prompt) => ({
        id: `make ${prompt}`,
        label: prompt,
        run: () => void makePicture(prompt),
      })),
    },
  ];
  return groups.filter(({ acts }) => acts.length > 0);
}
