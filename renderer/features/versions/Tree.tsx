import { Star } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { thumbnailUrl } from '../../components/pictures.ts';
import { deleteVersions } from '../../engine/actions.ts';
import { call } from '../../engine/studio.ts';
import { compare, selectVersion, useWorkspace } from '../../stores/workspace.ts';
import { type Direction, type Node, neighbour } from './tree.ts';
import { useNear } from './useNear.ts';

const SIDE = 44;
const GAP_X = 20;
const GAP_Y = 8;

const left = (node: Node) => node.column * (SIDE + GAP_X);
const top = (node: Node) => node.row * (SIDE + GAP_Y);

interface Props {
  nodes: Node[];
  shownId: string;
}

export function Tree({ nodes, shownId }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const width = Math.max(...nodes.map(left)) + SIDE;
  const height = Math.max(...nodes.map(top)) + SIDE;
  const { isNear, follow } = useNear(area);
  const shown = nodes.find(({ version }) => version.id === shownId);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shown node is kept in sight
  useEffect(() => {
    if (shown && area.current) keepInSight(area.current, left(shown), top(shown));
  }, [shownId, nodes.length]);
  const near = nodes.filter((node) => isNear(left(node), top(node)));
  return (
    <div className="tree" ref={area} onScroll={follow}>
      <div className="tree-plane" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {near.map((node) => node.parent && <path key={node.version.id} d={pathTo(node, node.parent)} />)}
        </svg>
        {near.map((node) => (
          <TreeNode key={node.version.id} node={node} nodes={nodes} isShown={node.version.id === shownId} />
        ))}
      </div>
    </div>
  );
}

/** Scrolls no more than is needed. */
function keepInSight(area: HTMLElement, x: number, y: number): void {
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = area;
  area.scrollTo(
    Math.min(x, Math.max(scrollLeft, x + 2 * SIDE - clientWidth)),
    Math.min(y, Math.max(scrollTop, y + 2 * SIDE - clientHeight)),
  );
}

function pathTo(node: Node, parent: Node): string {
  const [x1, y1] = [left(parent) + SIDE, top(parent) + SIDE / 2];
  const [x2, y2] = [left(node), top(node) + SIDE / 2];
  const middle = x2 - GAP_X / 2;
  return `M${x1} ${y1}H${middle}V${y2}H${x2}`;
}

function TreeNode({ node, nodes, isShown }: { node: Node; nodes: Node[]; isShown: boolean }) {
  const { t } = useTranslation();
  const { id, prompt, kind, starred } = node.version;
  const choose = (event: MouseEvent) => (event.shiftKey ? compareWith(id) : selectVersion(id));
  const press = (event: KeyboardEvent) => {
    const next = event.key.startsWith('Arrow') && neighbour(nodes, node, event.key as Direction);
    if (next) document.getElementById(`node-${next.version.id}`)?.focus();
    else if (event.key === '.') void call('versions.star', { versionId: id, starred: !starred });
    else if (event.key === 'Delete') void deleteVersions([id], t('canvas.deleted'), t('undo'));
    else if (event.key === 'Enter' && event.shiftKey) compareWith(id);
    else return;
    event.preventDefault();
  };
  return (
    <button
      type="button"
      id={`node-${id}`}
      className="tree-node"
      style={{ left: left(node), top: top(node) }}
      aria-pressed={isShown}
      aria-label={t(starred ? 'versions.nodeStarred' : 'versions.node', {
        kind: t(`versions.kind.${kind}`),
        prompt,
      })}
      title={prompt}
      onClick={choose}
      onKeyDown={press}
    >
      <img src={thumbnailUrl(id, 96)} alt="" loading="lazy" />
      {starred && <Star size={10} fill="currentColor" aria-hidden="true" />}
    </button>
  );
}

/** The picture on the canvas against another one. */
function compareWith(versionId: string): void {
  const { versionId: shown } = useWorkspace.getState();
  if (shown && shown !== versionId) compare(shown, versionId);
}
