import { Captions, Flame, ListChecks, SquareSplitHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { percent } from '../../components/format.ts';
import { useKeys } from '../../components/useKeys.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { compare } from '../../stores/workspace.ts';
import { showNew } from './CanvasBar.tsx';
import { Description } from './Description.tsx';
import { SelfCheck } from './SelfCheck.tsx';
import type { Drift } from './useDrift.ts';
import './checks.css';

/** What the model was asked about a picture. */
interface Asked {
  id: string;
  what: 'check' | 'describe';
}

/** What an edit changed besides, and what the model itself thinks of the picture. */
export function Checks({ version, drift }: { version: Version; drift: Drift }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Asked | null>(null);
  const isAsked = (what: Asked['what']) => asked?.id === version.id && asked.what === what;
  const toggle = (what: Asked['what']) => setAsked(isAsked(what) ? null : { id: version.id, what });
  const canCheck = version.kind === 'create' || version.kind === 'edit' || version.kind === 'blend';
  return (
    <fieldset className="checks" aria-label={t('canvas.checks')}>
      <CompareWithSource version={version} />
      {drift.isPossible && (
        <Button look="quiet" small aria-pressed={drift.heatMap !== null} onClick={drift.toggle}>
          <Flame size={14} /> <DriftLabel measured={drift.measured} />
        </Button>
      )}
      {canCheck && (
        <Button look="quiet" small aria-expanded={isAsked('check')} onClick={() => toggle('check')}>
          <ListChecks size={14} /> {t('check.run')}
        </Button>
      )}
      <Button look="quiet" small aria-expanded={isAsked('describe')} onClick={() => toggle('describe')}>
        <Captions size={14} /> {t('check.describe')}
      </Button>
      {drift.measured && drift.heatMap && <DriftPanel version={version} measured={drift.measured} />}
      {isAsked('check') && <SelfCheck version={version} />}
      {isAsked('describe') && <Description key={version.id} version={version} />}
    </fieldset>
  );
}

const COMPARE_KEY = 'C';

/** Against the version it was made from. */
function CompareWithSource({ version: { id, parentId } }: { version: Version }) {
  const { t } = useTranslation();
  const isThere = useStudio(({ versions }) => versions[parentId ?? '']?.deletedAt === null);
  const open = () => parentId && compare(parentId, id);
  useKeys({ [COMPARE_KEY]: () => isThere && open() });
  if (!isThere) return null;
  return (
    <Button look="quiet" small title={`${t('canvas.compareSource')} (${COMPARE_KEY})`} onClick={open}>
      <SquareSplitHorizontal size={14} /> {t('canvas.compare')}
    </Button>
  );
}

type Measured = NonNullable<Drift['measured']>;

function DriftLabel({ measured }: Pick<Drift, 'measured'>) {
  const { t, i18n } = useTranslation();
  if (!measured) return t('drift.show');
  return t('drift.showShare', { share: percent(measured.changedShare, i18n.language) });
}

function whatOf({ changedShare, isLocal, isLaidBack }: Measured): string {
  if (isLaidBack) return 'drift.laidBack';
  if (isLocal) return 'drift.outside';
  return changedShare === 0 ? 'drift.slight' : 'drift.everywhere';
}

/** As the edit is now: everything laid back where it was local, nothing where it was meant for the whole picture. */
function DriftPanel({ version, measured }: { version: Version; measured: Measured }) {
  const { t, i18n } = useTranslation();
  const { changedShare, outsideShare, isLocal, isLaidBack } = measured;
  const [strength, setStrength] = useState(isLocal ? 1 : 0);
  const blend = async (strength: number) => {
    const blended = await call('versions.blend', { versionId: version.id, strength });
    if (blended) showNew(blended);
  };
  return (
    <div className="check-panel">
      <p>{t('drift.changed', { share: percent(changedShare, i18n.language) })}</p>
      <p>{t(whatOf(measured), { share: percent(outsideShare, i18n.language) })}</p>
      <div className="drift-legend" aria-hidden="true">
        <span>{t('drift.less')}</span>
        <i />
        <span>{t('drift.much')}</span>
      </div>
      <label>
        {t('drift.strength')}
        <span className="drift-strength">
          <input
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={strength}
            aria-valuetext={percent(strength, i18n.language)}
            onChange={(event) => setStrength(Number(event.target.value))}
          />
          {percent(strength, i18n.language)}
        </span>
      </label>
      <div className="drift-acts">
        <Button small disabled={isLaidBack && strength === 1} onClick={() => void blend(strength)}>
          {t('drift.apply')}
        </Button>
        {isLaidBack && (
          <Button small look="quiet" onClick={() => void blend(0)}>
            {t('drift.asMade')}
          </Button>
        )}
      </div>
    </div>
  );
}
