import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { copyText } from '../../engine/shell.ts';
import { useStudio } from '../../stores/studio.ts';
import { colourWords } from './colour.ts';
import { addToMessage } from './message.ts';
import { ToolFoot } from './ToolFoot.tsx';
import { type ColourAt, usePixels } from './usePixels.ts';

const STEPS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const LARGE_STEP = 10;

interface Props {
  version: Version;
  foot: HTMLElement | null;
  onDone: () => void;
}

/** Takes a colour from the picture: its code is copied, its name goes into the message. */
export function Eyedropper({ version, foot, onDone }: Props) {
  const { t } = useTranslation();
  const layer = useRef<HTMLButtonElement>(null);
  const colourAt = usePixels(version.id);
  const [place, setPlace] = useState(() => inside(version.width / 2, version.height / 2, version));
  useEffect(() => layer.current?.focus(), []);
  const follow = (event: PointerEvent) => {
    const area = layer.current!.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * version.width;
    const y = ((event.clientY - area.top) / area.height) * version.height;
    setPlace(inside(x, y, version));
  };
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [dx, dy] = step.map((pixels) => pixels * (event.shiftKey ? LARGE_STEP : 1)) as [number, number];
    setPlace((now) => inside(now.x + dx, now.y + dy, version));
  };
  const pick = () => {
    if (!colourAt) return;
    const hex = colourAt(place.x, place.y);
    addToMessage(colourWords(hex, useStudio.getState().vocabulary));
    void copyText(hex, t('canvas.colourCopied', { hex }));
    onDone();
  };
  return (
    <>
      <button
        type="button"
        ref={layer}
        className="pick-layer"
        aria-label={t('canvas.pickHint')}
        onPointerDown={(event) => event.stopPropagation()}
        onPointerMove={follow}
        onKeyDown={press}
        onClick={pick}
      >
        {colourAt && <Loupe {...place} version={version} colourAt={colourAt} />}
      </button>
      <ToolFoot foot={foot} hint={t('canvas.pickHint')} onLeave={onDone} />
    </>
  );
}

/** What is under the pointer: the colour, its code and its name. */
function Loupe({ x, y, version, colourAt }: { x: number; y: number; version: Version; colourAt: ColourAt }) {
  const vocabulary = useStudio((state) => state.vocabulary);
  const hex = colourAt(x, y);
  const left = `${((x + 0.5) / version.width) * 100}%`;
  const top = `${((y + 0.5) / version.height) * 100}%`;
  return (
    <span className="loupe" style={{ left, top }} data-side={x > version.width / 2 ? 'left' : 'right'}>
      <i style={{ background: hex }} />
      <span role="status">
        {hex} {colourWords(hex, vocabulary)}
      </span>
    </span>
  );
}

const inside = (x: number, y: number, { width, height }: Version) => ({
  x: Math.min(width - 1, Math.max(0, Math.floor(x))),
  y: Math.min(height - 1, Math.max(0, Math.floor(y))),
});
