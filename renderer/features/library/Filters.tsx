import { Star, Trash2 } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { EmptyBin } from './EmptyBin.tsx';
import { ask, useShelf } from './shelf.ts';

const KINDS: readonly Version['kind'][] = [
  ...(['create', 'edit', 'import', 'draft', 'crop'] as const),
  ...(['rotate', 'flip', 'upscale', 'blend'] as const),
];

export function Filters() {
  const { t } = useTranslation(['library', 'studio']);
  const { starred, kind, tag, deleted } = useShelf((state) => state.query);
  const tags = useTags();
  return (
    <fieldset className="library-filters">
      <legend className="hidden-label">{t('filters')}</legend>
      <Chip on={starred} onClick={() => ask({ starred: !starred })}>
        <Star size={13} /> {t('starred')}
      </Chip>
      <ChipSelect
        label={t('kind')}
        any={t('anyKind')}
        value={kind}
        options={KINDS.map((value) => ({ value, label: t(`versions.kind.${value}`, { ns: 'studio' }) }))}
        onChange={(value) => ask({ kind: value as Version['kind'] | null })}
      />
      {(tags.length > 0 || tag) && (
        <ChipSelect
          label={t('tag')}
          any={t('anyTag')}
          value={tag}
          options={tags.map((value) => ({ value, label: value }))}
          onChange={(value) => ask({ tag: value })}
        />
      )}
      <Chip on={deleted} onClick={() => ask({ deleted: !deleted })}>
        <Trash2 size={13} /> {t('bin')}
      </Chip>
      {deleted && <EmptyBin />}
    </fieldset>
  );
}

function Chip({ on, onClick, children }: { on: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Button small className="library-chip" aria-pressed={on} onClick={onClick}>
      {children}
    </Button>
  );
}

interface SelectProps {
  label: string;
  any: string;
  value: string | null;
  options: readonly { value: string; label: string }[];
  onChange: (value: string | null) => void;
}

function ChipSelect({ label, any, value, options, onChange }: SelectProps) {
  return (
    <select
      className="library-chip button button-small"
      aria-label={label}
      data-on={value !== null}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || null)}
    >
      <option value="">{any}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

/** Read again whenever a picture changed. */
function useTags(): string[] {
  const [tags, setTags] = useState<string[]>([]);
  const versions = useStudio((state) => state.versions);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed picture may have brought a tag
  useEffect(() => {
    const timer = setTimeout(async () => setTags((await call('library.tags', {}))?.tags ?? []), 100);
    return () => clearTimeout(timer);
  }, [versions]);
  return tags;
}
