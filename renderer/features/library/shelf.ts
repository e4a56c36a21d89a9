/** The library as this window sees it: what is asked for, the pages read so far, the selection. */
import { create } from 'zustand';
import type { Version } from '../../../engine/studio-protocol.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';

export interface Query {
  text: string;
  starred: boolean;
  kind: Version['kind'] | null;
  tag: string | null;
  deleted: boolean;
}

export const EVERYTHING: Query = { text: '', starred: false, kind: null, tag: null, deleted: false };

interface Shelf {
  query: Query;
  /** The pages read so far, newest first; `total` may be more. */
  versions: Version[];
  total: number;
  cursor: string | null;
  isRead: boolean;
  selected: ReadonlySet<string>;
  /** Where a range of the selection begins, and where the keyboard is. */
  anchor: number;
  focused: number;
  /** The tile at `focused` takes the focus when it appears. */
  takesFocus: boolean;
  range: { startIndex: number; endIndex: number };
}

export const useShelf = create<Shelf>(() => ({
  query: EVERYTHING,
  versions: [],
  total: 0,
  cursor: null,
  isRead: false,
  selected: new Set(),
  anchor: 0,
  focused: 0,
  takesFocus: false,
  range: { startIndex: 0, endIndex: 0 },
}));

const FIRST_PAGE = 80;
const PAGE = 500;
const AHEAD = 200;
const SETTLED_MS = 150;
const SHOWN_WITHIN_MS = 500;

/** Counts readings, so that an answer to an older question is dropped. */
let reading = 0;
/** The reading whose first pictures are on the screen. */
let settled = 0;
let isReadingMore = false;

export function ask(change: Partial<Query>): void {
  useShelf.setState(({ query }) => ({ query: { ...query, ...change }, anchor: 0, focused: 0 }));
  void read().then(selectFound);
}

/** A picture chosen while the search was on its way stays chosen where it was found. */
function selectFound(): void {
  useShelf.setState(({ versions, selected }) => ({
    selected: new Set(versions.flatMap(({ id }) => (selected.has(id) ? [id] : []))),
  }));
}

/** Reads from the start; what is on screen stays until the answer is there. */
export async function read(): Promise<void> {
  reading += 1;
  const mine = reading;
  const page = await fetchPage(null, FIRST_PAGE);
  if (!page || mine !== reading) return;
  useShelf.setState({
    versions: page.versions,
    total: page.total,
    cursor: page.nextCursor,
    isRead: true,
  });
  await shown();
  if (mine !== reading) return;
  settled = mine;
  await readUpTo(useShelf.getState().range.endIndex);
}

/** What is in sight goes first: further pages wait until its pictures are there. Safari knows no idle times. */
const shown = () =>
  new Promise<unknown>((resolve) => {
    setTimeout(() => {
      if ('requestIdleCallback' in window) requestIdleCallback(resolve, { timeout: SHOWN_WITHIN_MS });
      else resolve(undefined);
    }, SETTLED_MS);
  });

/** Reads further pages until that place, and some beyond it, is known; not before what is in sight has settled. */
export async function readUpTo(index: number): Promise<void> {
  if (isReadingMore || settled !== reading) return;
  isReadingMore = true;
  const mine = reading;
  while (isPageMissing(index) && mine === reading) {
    const page = await fetchPage(useShelf.getState().cursor, PAGE);
    if (!page || mine !== reading) break;
    useShelf.setState(({ versions }) => ({
      versions: [...versions, ...page.versions],
      cursor: page.nextCursor,
    }));
  }
  isReadingMore = false;
}

function isPageMissing(index: number): boolean {
  const { versions, cursor, range } = useShelf.getState();
  return cursor !== null && versions.length < Math.max(index, range.endIndex) + AHEAD;
}

function fetchPage(cursor: string | null, limit: number) {
  const { text, starred, kind, tag, deleted } = useShelf.getState().query;
  return call('library.list', {
    text,
    deleted,
    cursor,
    limit,
    ...(starred && { starred }),
    ...(kind && { kind }),
    ...(tag && { tag }),
  });
}

/** Keeps the shelf true to what the studio tells. @returns the end of it. */
export function follow(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = useStudio.subscribe((now, before) => {
    if (now.versions === before.versions) return;
    const changed = Object.values(now.versions).filter((version) => before.versions[version.id] !== version);
    if (!takeOver(changed)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void read(), SETTLED_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** @returns whether something appeared whose place only a new reading tells. */
function takeOver(changed: readonly Version[]): boolean {
  const { versions, query, total, selected } = useShelf.getState();
  const news = new Map(changed.map((version) => [version.id, version]));
  const belongs = (version: Version) => (version.deletedAt !== null) === query.deleted;
  const known = new Set(versions.map(({ id }) => id));
  const after = versions.map((version) => news.get(version.id) ?? version).filter(belongs);
  const gone = versions.length - after.length;
  useShelf.setState({
    versions: after,
    total: total - gone,
    selected: gone ? new Set(after.flatMap(({ id }) => (selected.has(id) ? [id] : []))) : selected,
  });
  return changed.some((version) => belongs(version) && !known.has(version.id));
}

/** A click or key on a tile. @param how `add` toggles one, `range` takes all from the anchor, `only` lets go of the rest. */
export function choose(index: number, how: 'only' | 'add' | 'range'): void {
  const { versions, selected, anchor } = useShelf.getState();
  const version = versions[index];
  if (!version) return;
  if (how === 'range') {
    selectRange(anchor, index);
    return;
  }
  const next = how === 'add' ? new Set(selected) : new Set<string>();
  if (how === 'add' && selected.has(version.id)) next.delete(version.id);
  else next.add(version.id);
  useShelf.setState({ selected: next, anchor: index, focused: index });
}

export function selectRange(from: number, to: number): void {
  const { versions } = useShelf.getState();
  const ids = versions.slice(Math.min(from, to), Math.max(from, to) + 1).map(({ id }) => id);
  useShelf.setState({ selected: new Set(ids), focused: to });
}

export const selectNone = (): void => useShelf.setState({ selected: new Set() });

export const selectedVersions = ({ versions, selected }: Pick<Shelf, 'versions' | 'selected'>): Version[] =>
  versions.filter(({ id }) => selected.has(id));
