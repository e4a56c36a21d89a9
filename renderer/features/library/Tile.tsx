import { Star } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, useEffect, useRef } from 'react';
import { thumbnailUrl } from '../../components/pictures.ts';
import { openVersion } from './acts.ts';
import { choose, useShelf } from './shelf.ts';

interface Props {
  index: number;
  onKey: (event: KeyboardEvent<HTMLElement>) => void;
}

/** One picture; an empty place until its page is read. */
export function Tile({ index, onKey }: Props) {
  const version = useShelf((state) => state.versions[index]);
  const isSelected = useShelf((state) => state.selected.has(version?.id ?? ''));
  const total = useShelf((state) => state.total);
  const isTabStop = useShelf(({ focused, range }) => clamp(focused, range) === index);
  const element = useFocus(index);
  if (!version) return <div className="library-tile" />;
  return (
    <div
      ref={element}
      role="option"
      className="library-tile"
      aria-selected={isSelected}
      aria-setsize={total}
      aria-posinset={index + 1}
      tabIndex={isTabStop ? 0 : -1}
      onClick={(event) => choose(index, howOf(event))}
      onDoubleClick={() => void openVersion(version)}
      onKeyDown={onKey}
    >
      <img
        src={thumbnailUrl(version.id, 320)}
        alt={version.prompt}
        title={version.prompt}
        decoding="async"
        draggable={false}
      />
      {version.starred && <Star className="library-star" size={14} fill="currentColor" aria-hidden="true" />}
    </div>
  );
}

const clamp = (index: number, { startIndex, endIndex }: { startIndex: number; endIndex: number }): number =>
  Math.min(endIndex, Math.max(startIndex, index));

const howOf = (event: MouseEvent) =>
  event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'add' : 'only';

/** The tile the keyboard moved to takes the focus, also when it has to be scrolled to first. */
function useFocus(index: number) {
  const element = useRef<HTMLDivElement>(null);
  const isWanted = useShelf(({ takesFocus, focused }) => takesFocus && focused === index);
  useEffect(() => {
    if (!isWanted || !element.current) return;
    element.current.focus();
    useShelf.setState({ takesFocus: false });
  }, [isWanted]);
  return element;
}
