import { type ComponentProps, type CSSProperties, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { VirtuosoGrid, type VirtuosoGridHandle } from 'react-virtuoso';
import { openVersion } from './acts.ts';
import { choose, readUpTo, selectRange, useShelf } from './shelf.ts';
import { Tile } from './Tile.tsx';

/** Only the tiles on screen exist. @param tile least width of a tile, pixels. */
export function Grid({ tile }: { tile: number }) {
  const total = useShelf((state) => state.total);
  const grid = useRef<VirtuosoGridHandle>(null);
  const move = (index: number, extend: boolean) => {
    if (extend) choose(index, 'range');
    else choose(index, 'only');
    useShelf.setState({ takesFocus: true });
    const { startIndex, endIndex } = useShelf.getState().range;
    if (index < startIndex || index > endIndex) grid.current?.scrollToIndex({ index, align: 'center' });
  };
  return (
    <VirtuosoGrid
      ref={grid}
      className="library-scroller"
      style={{ '--tile': `${tile}px` } as CSSProperties}
      totalCount={total}
      increaseViewportBy={200}
      components={PARTS}
      computeItemKey={(index) => useShelf.getState().versions[index]?.id ?? index}
      rangeChanged={(range) => {
        useShelf.setState({ range });
        void readUpTo(range.endIndex);
      }}
      itemContent={(index) => <Tile index={index} onKey={(event) => onKey(event, index, move)} />}
    />
  );
}

/** Room for the outline of a selected tile. */
const Edge = () => <div className="library-edge" />;

const PARTS = { List: GridList, Header: Edge, Footer: Edge };

function GridList(props: ComponentProps<'div'>) {
  const { t } = useTranslation('library');
  return (
    <div {...props} className="library-grid" role="listbox" aria-multiselectable aria-label={t('pictures')} />
  );
}

type Move = (index: number, extend: boolean) => void;

function onKey(event: React.KeyboardEvent<HTMLElement>, index: number, move: Move): void {
  const { versions } = useShelf.getState();
  const target = targetOf(event, index, versions.length - 1);
  if (target !== undefined) move(target, event.shiftKey);
  else if (event.key === 'Enter' && versions[index]) void openVersion(versions[index]);
  else if (event.key === ' ') choose(index, 'add');
  else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey))
    selectRange(0, versions.length - 1);
  else return;
  event.preventDefault();
}

/** Where an arrow, Home or End leads to. */
function targetOf(event: React.KeyboardEvent<HTMLElement>, index: number, last: number): number | undefined {
  const columns = columnsAround(event.currentTarget);
  const forward = getComputedStyle(event.currentTarget).direction === 'rtl' ? -1 : 1;
  const steps: Record<string, number> = {
    ArrowLeft: index - forward,
    ArrowRight: index + forward,
    ArrowUp: index - columns,
    ArrowDown: index + columns,
    Home: 0,
    End: last,
  };
  const target = steps[event.key];
  return target === undefined ? undefined : Math.min(last, Math.max(0, target));
}

function columnsAround(tile: HTMLElement): number {
  const list = tile.closest('[role=listbox]');
  return list ? getComputedStyle(list).gridTemplateColumns.split(' ').length : 1;
}
