/** The versions of a chat as a tree laid out in columns (how many steps from the first) and rows (branches). */
import type { Version } from '../../../engine/studio-protocol.ts';

export interface Node {
  version: Version;
  column: number;
  row: number;
  parent: Node | undefined;
}

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
  const place = (version: Version, parent: Node | undefined, row: number) => {
    const node: Node = { version, parent, row, column: parent ? parent.column + 1 : 0 };
    nodes.push(node);
    for (const [index, child] of (children.get(version.id) ?? []).entries()) {
      if (index > 0) rows += 1;
      place(child, node, index === 0 ? row : rows);
    }
  };
  for (const root of children.get('') ?? []) {
    place(root, undefined, rows);
    rows += 1;
  }
  return nodes;
}

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** Left to the parent, right to the first child, up and down to the nearest node of the next row that has one. */
export function neighbour(nodes: readonly Node[], from: Node, direction: Direction): Node | undefined {
  if (direction === 'ArrowLeft') return from.parent;
  if (direction === 'ArrowRight') return nodes.find((node) => node.parent === from);
  const sign = direction === 'ArrowDown' ? 1 : -1;
  const others = nodes.filter((node) => (node.row - from.row) * sign > 0);
  const far = (node: Node) => Math.abs(node.row - from.row) * 1000 + Math.abs(node.column - from.column);
  return others.sort((a, b) => far(a) - far(b))[0];
}
