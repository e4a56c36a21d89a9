import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { transform } from './CanvasBar.tsx';
import { addToMessage } from './message.ts';
import { type Box, boxOf, nudged, regionOf } from './region.ts';
import { ToolFoot } from './ToolFoot.tsx';

const STEPS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-8, 0],
  ArrowRight: [8, 0],
  ArrowUp: [0, -8],
  ArrowDown: [0, 8],
};

interface Props {
  version: Version;
  tool: 'point' | 'crop';
  foot: HTMLElement | null;
  onDone: () => void;
}

/** A box drawn on the picture: its place goes into the message, or the picture is cut to it. */
export function BoxLayer({ version, tool, foot, onDone }: Props) {
  const { t } = useTranslation();
  const hint = t(tool === 'crop' ? 'canvas.cropHint' : 'canvas.pointHint');
  const layer = useRef<HTMLButtonElement>(null);
  const [box, setBox] = useState<Box>(() => middle(version));
  const start = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => layer.current?.focus(), []);
  const place = (event: PointerEvent) => {
    const area = layer.current!.getBoundingClientRect();
    return {
      x: ((event.clientX - area.left) / area.width) * version.width,
      y: ((event.clientY - area.top) / area.height) * version.height,
    };
  };
  const apply = () => {
    if (tool === 'crop') void transform(version.id, { kind: 'crop', ...box });
    else addToMessage(regionOf(box, version));
    onDone();
  };
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step) setBox(nudged(box, step[0], step[1], event.shiftKey, version));
    else if (event.key === 'Enter') apply();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <button
        type="button"
        ref={layer}
        className="box-layer"
        aria-label={hint}
        onKeyDown={press}
        onPointerDown={(event) => {
          event.stopPropagation();
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = place(event);
          setBox(boxOf(start.current, start.current, version));
        }}
        onPointerMove={(event) => start.current && setBox(boxOf(start.current, place(event), version))}
        onPointerUp={() => {
          start.current = null;
          if (tool === 'point') apply();
        }}
      >
        <span className="box" style={styleOf(box, version)} />
      </button>
      <ToolFoot foot={foot} hint={hint} onLeave={onDone}>
        {tool === 'crop' && (
          <Button look="main" small onClick={apply}>
            {t('canvas.cropApply')}
          </Button>
        )}
      </ToolFoot>
    </>
  );
}

const middle = ({ width, height }: Version): Box => ({
  left: Math.round(width / 4),
  top: Math.round(height / 4),
  width: Math.round(width / 2),
  height: Math.round(height / 2),
});

const styleOf = (box: Box, { width, height }: Version) => ({
  left: `${(box.left / width) * 100}%`,
  top: `${(box.top / height) * 100}%`,
  width: `${(box.width / width) * 100}%`,
  height: `${(box.height / height) * 100}%`,
});
