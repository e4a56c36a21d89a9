import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudioAnswer } from '../../../engine/studio-protocol.ts';
import { bytes } from '../../components/format.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

type Info = StudioAnswer<'models.info'>;

/** What `tusk info` prints, read when it is opened. */
export function ModelFacts({ modelId, inUse }: { modelId: string; inUse: boolean }) {
  const { t } = useTranslation('models');
  const [isOpen, setOpen] = useState(() => inUse && useWorkspace.getState().wordsWanted);
  useEffect(() => useWorkspace.setState({ wordsWanted: false }), []);
  const info = useInfo(modelId, isOpen);
  return (
    <details className="models-facts" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('inside')}</summary>
      {info && <Networks info={info} />}
      {info && <Defaults info={info} />}
      {inUse && <Words />}
    </details>
  );
}

function useInfo(modelId: string, isWanted: boolean): Info | undefined {
  const [info, setInfo] = useState<Info>();
  useEffect(() => {
    if (isWanted) void call('models.info', { modelId }).then(setInfo);
  }, [modelId, isWanted]);
  return info;
}

function Networks({ info }: { info: Info }) {
  const { t, i18n } = useTranslation('models');
  const millions = new Intl.NumberFormat(i18n.language, { notation: 'compact', maximumFractionDigits: 2 });
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t('network')}</th>
          <th scope="col">{t('parameters')}</th>
          <th scope="col">{t('size')}</th>
          <th scope="col">{t('dtype')}</th>
        </tr>
      </thead>
      <tbody>
        {info.networks.map((network) => (
          <tr key={network.name}>
            <th scope="row">{t(`networks.${network.name}`, { defaultValue: network.name })}</th>
            <td>{millions.format(network.parameters)}</td>
            <td>{bytes(network.bytes, i18n.language)}</td>
            <td>{Object.keys(network.dtypes).join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Defaults({ info: { defaults, memoryBytes, fingerprint, device } }: { info: Info }) {
  const { t, i18n } = useTranslation(['models', 'settings']);
  const { size, grid, steps, guidance } = defaults;
  const memory = (['create', 'edit', 'chat'] as const).map((verb) =>
    t(`memoryOf.${verb}`, { memory: bytes(memoryBytes[verb], i18n.language) }),
  );
  const here = (device?.onProcessor ?? []).map(
    ({ part, reason }) => `${t(`settings:deviceTests.${part}`)} (${t(`processorReasons.${reason}`)})`,
  );
  const rows: [name: string, value: string][] = [
    [t('pictureSize'), `${size.width} × ${size.height}`],
    [t('plan'), `${grid.columns} × ${grid.rows}`],
    [t('steps'), String(steps)],
    [t('guidance'), String(guidance)],
    [t('memory'), memory.join(', ')],
    ...(here.length > 0 ? [[t('onProcessor'), here.join(', ')] as [string, string]] : []),
    [t('fingerprint'), fingerprint.slice(0, FINGERPRINT_SHOWN)],
  ];
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name} className={value.length > NARROW_LETTERS ? 'models-wide' : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const FINGERPRINT_SHOWN = 12;
/** What fits into a column. */
const NARROW_LETTERS = 24;

/** The closed vocabulary of the model in use, if it has one. */
function Words() {
  const { t } = useTranslation('models');
  const vocabulary = useStudio((state) => state.vocabulary);
  if (vocabulary.length === 0) return null;
  return (
    <section className="models-words" aria-label={t('words')}>
      <h3>{t('words')}</h3>
      <p>{vocabulary.join(', ')}</p>
    </section>
  );
}
