import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { AddModel } from './AddModel.tsx';
import { Download } from './Download.tsx';
import { ModelCard } from './ModelCard.tsx';
import './models.css';

/** The checkpoints on this computer, one card each. */
export function Models() {
  const { t } = useTranslation('models');
  const models = useStudio((state) => state.models);
  useEffect(() => {
    void call('models.list', {});
  }, []);
  return (
    <div className="models">
      <h1>{t('title')}</h1>
      <p className="models-intro">{t('intro')}</p>
      <ul className="models-cards">
        {models.map((model) => (
          <li key={model.id}>
            <ModelCard model={model} />
          </li>
        ))}
      </ul>
      <AddModel />
      <Download />
    </div>
  );
}
