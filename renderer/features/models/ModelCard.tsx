import { Check } from 'lucide-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelCard as Card } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { bytes, seconds } from '../../components/format.ts';
import { call } from '../../engine/studio.ts';
import { notify } from '../../stores/notices.ts';
import { ModelFacts } from './ModelFacts.tsx';
import { Problem } from './Problem.tsx';

export function ModelCard({ model }: { model: Card }) {
  const { t } = useTranslation('models');
  const title = useId();
  return (
    <article className="models-card" aria-labelledby={title} data-used={model.inUse}>
      <header>
        <h2 id={title}>{model.name}</h2>
        {model.embedded && <span className="models-badge">{t('embedded')}</span>}
        {model.inUse && (
          <span className="models-badge models-used">
            <Check size={13} aria-hidden="true" /> {t('inUse')}
          </span>
        )}
      </header>
      {model.abilities.length > 0 && <Abilities abilities={model.abilities} />}
      {model.problem ? <Problem problem={model.problem} /> : <Plan model={model} />}
      {!model.problem && <Facts model={model} />}
      {!model.problem && <ModelFacts modelId={model.id} inUse={model.inUse} />}
      <Actions model={model} />
    </article>
  );
}

function Abilities({ abilities }: { abilities: string[] }) {
  const { t } = useTranslation('models');
  return (
    <ul className="models-abilities">
      {abilities.map((ability) => (
        <li key={ability}>{t(`ability.${ability}`, { defaultValue: ability })}</li>
      ))}
    </ul>
  );
}

/** What to expect on this computer, in one sentence. */
function Plan({ model }: { model: Card }) {
  const { t, i18n } = useTranslation('models');
  if (model.needsBytes === 0) return <p>{t('looking')}</p>;
  const words = {
    needs: bytes(model.needsBytes, i18n.language),
    free: bytes(model.freeBytes, i18n.language),
  };
  const fits = model.needsBytes <= model.freeBytes;
  return (
    <p className={fits ? 'models-plan' : 'models-plan models-tight'}>{t(fits ? 'fits' : 'tight', words)}</p>
  );
}

function Facts({ model }: { model: Card }) {
  const { t, i18n } = useTranslation(['models', 'settings']);
  const { language } = i18n;
  const speed = model.secondsPerPicture;
  const computer = model.device?.parts.length ? model.device : null;
  const parameters = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 });
  const facts: [name: string, value: string][] = [
    [
      t('computedBy'),
      computer ? computer.name || t(`settings:providers.${computer.provider}`) : t('settings:providers.cpu'),
    ],
    [t('speed'), speed === null ? t('notMeasured') : seconds(speed * 1000, language)],
    [t('needs'), bytes(model.needsBytes, language)],
    [t('free'), bytes(model.freeBytes, language)],
    [t('size'), bytes(model.sizeBytes, language)],
    [t('parameters'), parameters.format(model.parameters)],
  ];
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Actions({ model }: { model: Card }) {
  const { t } = useTranslation('models');
  const [isBusy, setBusy] = useState(false);
  const use = async () => {
    setBusy(true);
    await call('models.use', { modelId: model.id });
    setBusy(false);
  };
  const remove = async () => {
    const answer = await call('models.remove', { modelId: model.id });
    if (answer) notify({ kind: 'done', title: t('removed', { name: model.name }) });
  };
  if (model.inUse && model.embedded) return null;
  return (
    <footer>
      {!model.inUse && (
        <Button look="main" disabled={isBusy || model.problem !== null} onClick={use}>
          {t(isBusy ? 'loading' : 'use')} <span className="hidden-label">{model.name}</span>
        </Button>
      )}
      {!model.embedded && (
        <Button look="quiet" onClick={remove}>
          {t('remove')} <span className="hidden-label">{model.name}</span>
        </Button>
      )}
    </footer>
  );
}
