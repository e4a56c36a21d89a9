import { Import } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { useKeys } from '../../components/useKeys.ts';
import { deleteVersions, importApart } from '../../engine/actions.ts';
import { starVersions } from './acts.ts';
import { Detail } from './Detail.tsx';
import { Filters } from './Filters.tsx';
import { Grid } from './Grid.tsx';
import { NothingHere } from './NothingHere.tsx';
import { SearchField } from './SearchField.tsx';
import { follow, read, selectedVersions, selectNone, useShelf } from './shelf.ts';
import './library.css';

const TILE = { least: 96, first: 176, most: 320 };

/** Everything made or brought in. */
export function Library() {
  const { t } = useTranslation(['library', 'studio']);
  const [tile, setTile] = useState(TILE.first);
  const isEmpty = useShelf((state) => state.isRead && state.total === 0);
  const hasSelection = useShelf((state) => state.selected.size > 0);
  useEffect(() => {
    void read();
    return follow();
  }, []);
  useSelectionKeys();
  return (
    <div className="library" data-detail={hasSelection}>
      <header className="library-head">
        <h1>{t('title')}</h1>
        <Count />
        <SearchField />
        <label className="library-size">
          <span className="hidden-label">{t('tileSize')}</span>
          <input
            type="range"
            min={TILE.least}
            max={TILE.most}
            value={tile}
            onChange={(event) => setTile(event.target.valueAsNumber)}
          />
        </label>
        <BringIn />
      </header>
      <Filters />
      {isEmpty ? <NothingHere /> : <Grid tile={tile} />}
      {hasSelection && <Detail />}
    </div>
  );
}

function Count() {
  const { t } = useTranslation('library');
  const total = useShelf((state) => state.total);
  const isRead = useShelf((state) => state.isRead);
  return (
    <p className="library-count" role="status">
      {isRead && t('count', { count: total })}
    </p>
  );
}

function BringIn() {
  const { t } = useTranslation('library');
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button onClick={() => input.current?.click()} aria-label={t('bringIn')} title={t('bringInHint')}>
        <Import size={15} /> <span className="library-wide-only">{t('bringIn')}</span>
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={t('bringInHint')}
        accept="image/*,.tusk"
        onChange={({ target }) => {
          void importApart([...(target.files ?? [])]);
          target.value = '';
        }}
      />
    </>
  );
}

function useSelectionKeys(): void {
  const { t } = useTranslation(['library', 'studio']);
  const chosen = () => selectedVersions(useShelf.getState());
  const remove = () => {
    const ids = chosen().map(({ id }) => id);
    if (ids.length === 0 || useShelf.getState().query.deleted) return;
    void deleteVersions(ids, t('deleted', { count: ids.length }), t('undo'));
  };
  useKeys({
    Delete: remove,
    Backspace: remove,
    '.': () => void starVersions(chosen()),
    Escape: selectNone,
  });
}
