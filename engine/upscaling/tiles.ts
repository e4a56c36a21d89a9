/** A picture in pieces that are small enough to be worked on one after the other. */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Tile {
  /** What this tile is for; together the tiles cover the picture once. */
  core: Box;
  /** The core with what is around it, as far as the picture reaches. */
  seen: Box;
}

interface Span {
  from: number;
  to: number;
}

/** @param side longest side of a core. @param margin pixels seen around it. Row by row, from the top left. */
export function tilesOf(size: { width: number; height: number }, side: number, margin: number): Tile[] {
  const columns = spansOf(size.width, side);
  return spansOf(size.height, side).flatMap((row) =>
    columns.map((column) => ({
      core: boxOf(column, row),
      seen: boxOf(grown(column, margin, size.width), grown(row, margin, size.height)),
    })),
  );
}

/** As few as possible, of nearly the same length. */
function spansOf(length: number, longest: number): Span[] {
  const count = Math.ceil(length / longest);
  const edge = (i: number) => Math.round((i * length) / count);
  return Array.from({ length: count }, (_, i) => ({ from: edge(i), to: edge(i + 1) }));
}

const grown = ({ from, to }: Span, margin: number, length: number): Span => ({
  from: Math.max(0, from - margin),
  to: Math.min(length, to + margin),
});

const boxOf = (column: Span, row: Span): Box => ({
  left: column.from,
  top: row.from,
  width: column.to - column.from,
  height: row.to - row.from,
});
