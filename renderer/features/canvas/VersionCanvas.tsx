import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { pictureUrl } from '../../components/pictures.ts';
import { type Keys, useKeys } from '../../components/useKeys.ts';
import { applyRecipe, takePrompt, takeSeed } from '../../engine/recipes.ts';
import { BoxLayer } from './BoxLayer.tsx';
import { CanvasBar } from './CanvasBar.tsx';
import { Checks } from './Checks.tsx';
import { Eyedropper } from './Eyedropper.tsx';
import { useDrift } from './useDrift.ts';
import { usePanZoom } from './usePanZoom.ts';
import { useSpaceHeld } from './useSpaceHeld.ts';
import { Zoom } from './Zoom.tsx';
import './layers.css';

/** What a drag on the picture does. */
export type Tool = 'pan' | 'point' | 'crop' | 'colour';

/** From these scales on pixels are shown as they are, and lines between them. */
const PIXEL_SCALE = 6;
const GRID_SCALE = 8;

const PICK_KEY = 'I';

const RECALL: readonly (readonly [key: string, take: (version: Version) => void])[] = [
  ['A', (version) => applyRecipe(version, true)],
  ['R', (version) => applyRecipe(version, false)],
  ['P', takePrompt],
  ['S', takeSeed],
];

const recallKeys = (version: Version): Keys =>
  Object.fromEntries(RECALL.map(([key, take]) => [key, () => take(version)]));

export function VersionCanvas({ version }: { version: Version }) {
  const { t } = useTranslation();
  const area = useRef<HTMLDivElement>(null);
  const [tool, setTool] = useState<Tool>('pan');
  const [foot, setFoot] = useState<HTMLElement | null>(null);
  const view = usePanZoom(area, version, version.id);
  const drift = useDrift(version);
  const isSpaceHeld = useSpaceHeld(area);
  const isPanning = tool === 'pan' || isSpaceHeld;
  const leaveTool = () => setTool('pan');
  useKeys({
    'Mod+0': view.fit,
    'Mod+1': view.actual,
    'Mod+=': () => view.zoom(1.25),
    'Mod++': () => view.zoom(1.25),
    'Mod+-': () => view.zoom(0.8),
    ...recallKeys(version),
    [PICK_KEY]: () => setTool('colour'),
    Escape: leaveTool,
  });
  const { scale, x, y } = view.placement;
  return (
    <>
      <CanvasBar version={version} tool={tool} onTool={setTool} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: panning by pointer; the keys are Mod+0, Mod+1, Mod+= */}
      <div
        className="canvas-area"
        ref={area}
        data-tool={isPanning ? 'pan' : tool}
        onPointerDown={(event) => isPanning && event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => isPanning && view.pan(event)}
        onDoubleClick={view.fit}
      >
        <div
          className="canvas-picture"
          style={{ width: version.width * scale, height: version.height * scale, translate: `${x}px ${y}px` }}
        >
          <img
            src={pictureUrl(version.id)}
            alt={version.prompt}
            draggable={false}
            className={scale >= PIXEL_SCALE ? 'canvas-pixels' : ''}
          />
          {drift.heatMap && (
            <img
              className="heat-map"
              src={drift.heatMap}
              alt={t('drift.alt', { prompt: version.prompt })}
              draggable={false}
            />
          )}
          {scale >= GRID_SCALE && (
            <div className="pixel-grid" style={{ backgroundSize: `${scale}px ${scale}px` }} />
          )}
          {(tool === 'point' || tool === 'crop') && (
            <BoxLayer key={tool} version={version} tool={tool} foot={foot} onDone={leaveTool} />
          )}
          {tool === 'colour' && <Eyedropper version={version} foot={foot} onDone={leaveTool} />}
        </div>
      </div>
      <div className="canvas-foot">
        {tool === 'pan' ? (
          <Checks version={version} drift={drift} />
        ) : (
          <div className="tool-foot" ref={setFoot} />
        )}
        <Zoom view={view} />
      </div>
    </>
  );
}
