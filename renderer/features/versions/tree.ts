/** The versions of a chat as trees side by side: columns are steps from the first version, rows are branches. */
import type { Version } from '../../../engine/studio-protocol.ts';

export interface Node {
  version: Version;
  column: number;
  row: number;
  parent: Node | undefined;
}

/** Free columns between two trees. */
const APART = 0.5;

/** A first child goes on in its parent's row, each further one gets a row of its own. */
export function layoutTree(versions: readonly Version[]): Node[] {
  const sorted = [...versions].sort((a, b) => a.createdAt - b.createdAt);
  const ids = new Set(sorted.map(({ id }) => id));
  const children = new Map<string, Version[]>();
  for (const version of sorted) {
    const parent = version.parentId && ids.has(version.parentId) ? version.parentId : '';
    children.set(parent, [...(children.get(parent) ?? []), version]);
  }
  const nodes: Node[] = [];
  let rows = 0;
  let columns = 0;
  const place = (version: Version, parent: Node | undefined, row: number, column: number) => {
    const node: Node = { version, parent, row, column };
    nodes.push(node);
    columns = Math.max(columns, column + 1);
    for (const [index, child] of (children.get(version.id) ?? []).entries()) {
      if (index > 0) rows += 1;
      place(child, node, index === 0 ? row : rows, column + 1);
    }
  };
  for (const root of children.get('') ?? []) {
    rows = 0;
    place(root, undefined, 0, nodes.length === 0 ? 0 : columns + APART);
  }
  return nodes;
}

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** Left to the parent and right to the first child, else to the nearest tree there; up and down to the nearest row. */
export function neighbour(nodes: readonly Node[], from: Node, direction: Direction): Node | undefined {
  const isSideways = direction === 'ArrowLeft' || direction === 'ArrowRight';
  const sign = direction === 'ArrowDown' || direction === 'ArrowRight' ? 1 : -1;
  const kin = direction === 'ArrowLeft' ? from.parent : nodes.find(({ parent }) => parent === from);
  if (isSideways && kin) return kin;
  const along = ({ row, column }: Node) => (isSideways ? column - from.column : row - from.row) * sign;
  const across = ({ row, column }: Node) => Math.abs(isSideways ? row - from.row : column - from.column);
  const far = (node: Node) =>
    isSideways ? across(node) * FAR + along(node) : along(node) * FAR + across(node);
  return nodes.filter((node) => along(node) > 0).sort((a, b) => far(a) - far(b))[0];
}

/** More than any tree has rows or columns: the first of two distances decides. */
const FAR = 100_000;
