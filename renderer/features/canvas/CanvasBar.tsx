import {
  Crop,
  Download,
  FlipHorizontal2,
  FlipVertical2,
  Pipette,
  Pointer,
  RotateCcw,
  RotateCw,
  Star,
  Trash2,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { StudioParams, Version } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { deleteVersions, exportVersions } from '../../engine/actions.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { selectVersion } from '../../stores/workspace.ts';
import { Enlarge } from './Enlarge.tsx';
import type { Tool } from './VersionCanvas.tsx';

interface Props {
  version: Version;
  tool: Tool;
  onTool: (tool: Tool) => void;
}

export type Transformation = StudioParams<'versions.transform'>['transformation'];

const TURNS: readonly { name: string; Icon: typeof Crop; transformation: Transformation }[] = [
  { name: 'rotateLeft', Icon: RotateCcw, transformation: { kind: 'rotate', quarterTurns: 3 } },
  { name: 'rotateRight', Icon: RotateCw, transformation: { kind: 'rotate', quarterTurns: 1 } },
  { name: 'flip', Icon: FlipHorizontal2, transformation: { kind: 'flip', axis: 'horizontal' } },
  { name: 'flipVertical', Icon: FlipVertical2, transformation: { kind: 'flip', axis: 'vertical' } },
];

/** Makes a new version; the one it comes from stays. */
export async function transform(versionId: string, transformation: Transformation): Promise<void> {
  const version = await call('versions.transform', { versionId, transformation });
  if (version) showNew(version);
}

export function showNew(version: Version): void {
  useStudio.setState(({ versions }) => ({ versions: { ...versions, [version.id]: version } }));
  selectVersion(version.id);
}

export function CanvasBar({ version, tool, onTool }: Props) {
  const { t } = useTranslation();
  const toggle = (wanted: Tool) => onTool(tool === wanted ? 'pan' : wanted);
  return (
    <div className="canvas-bar">
      <p className="canvas-title" dir="auto" title={version.prompt}>
        {version.prompt}
      </p>
      <div className="canvas-tools" role="toolbar" aria-label={t('canvas.tools')}>
        <IconButton label={t('canvas.point')} aria-pressed={tool === 'point'} onClick={() => toggle('point')}>
          <Pointer size={16} />
        </IconButton>
        <IconButton
          label={t('canvas.pick')}
          keys="I"
          aria-pressed={tool === 'colour'}
          onClick={() => toggle('colour')}
        >
          <Pipette size={16} />
        </IconButton>
        <span className="canvas-gap" />
        <IconButton label={t('canvas.crop')} aria-pressed={tool === 'crop'} onClick={() => toggle('crop')}>
          <Crop size={16} />
        </IconButton>
        {TURNS.map(({ name, Icon, transformation }) => (
          <IconButton
            key={name}
            label={t(`canvas.${name}`)}
            onClick={() => void transform(version.id, transformation)}
          >
            <Icon size={16} />
          </IconButton>
        ))}
        <Enlarge versionId={version.id} />
        <span className="canvas-gap" />
        <Keep version={version} />
      </div>
    </div>
  );
}

function Keep({ version }: { version: Version }) {
  const { t } = useTranslation();
  const star = () => void call('versions.star', { versionId: version.id, starred: !version.starred });
  return (
    <>
      <IconButton
        label={t(version.starred ? 'canvas.unstar' : 'canvas.star')}
        aria-pressed={version.starred}
        onClick={star}
      >
        <Star size={16} fill={version.starred ? 'currentColor' : 'none'} />
      </IconButton>
      <IconButton label={t('canvas.download')} onClick={() => void exportVersions([version.id])}>
        <Download size={16} />
      </IconButton>
      <IconButton
        label={t('canvas.delete')}
        onClick={() => void deleteVersions([version.id], t('canvas.deleted'), t('undo'))}
      >
        <Trash2 size={16} />
      </IconButton>
    </>
  );
}
