import { Download as DownloadIcon } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DownloadCard } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { bytes, seconds } from '../../components/format.ts';
import { Progress } from '../../components/Progress.tsx';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { Problem } from './Problem.tsx';

/** Fetches a checkpoint from a model hub, and shows those on their way. */
export function Download() {
  const { t, i18n } = useTranslation('models');
  const { downloads, freeBytes } = useStudio((state) => state.downloads);
  const [repository, setRepository] = useState('');
  useEffect(() => {
    void call('downloads.list', {}).then((answer) => answer && useStudio.setState({ downloads: answer }));
  }, []);
  const start = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await call('downloads.start', { repository: repository.trim() });
    if (answer) setRepository('');
  };
  return (
    <form className="models-add" onSubmit={start}>
      <h2>{t('download')}</h2>
      <p className="models-hint" id="models-download-hint">
        {t('downloadHint', { free: bytes(freeBytes, i18n.language) })}
      </p>
      <div>
        <input
          aria-label={t('repository')}
          aria-describedby="models-download-hint"
          placeholder={t('repositoryExample')}
          maxLength={200}
          spellCheck={false}
          value={repository}
          onChange={(event) => setRepository(event.target.value)}
        />
        <Button type="submit" disabled={!/^\s*[^\s/]+\/[^\s/]+\s*$/.test(repository)}>
          <DownloadIcon size={14} /> {t('downloadButton')}
        </Button>
      </div>
      {downloads.map((download) => (
        <Row key={download.id} download={download} />
      ))}
    </form>
  );
}

function Row({ download }: { download: DownloadCard }) {
  const { t } = useTranslation('models');
  const { id: downloadId, repository, state, failure, doneBytes, totalBytes } = download;
  const words = useWords(download);
  return (
    <section className="models-download" aria-label={repository}>
      <p>
        <strong>{repository}</strong> <span className="models-hint">{words}</span>
      </p>
      {state === 'running' && (
        <Progress label={repository} text={words} share={totalBytes > 0 ? doneBytes / totalBytes : null} />
      )}
      {failure && <Problem problem={failure} />}
      <footer>
        {state === 'running' ? (
          <Button small onClick={() => void call('downloads.pause', { downloadId })}>
            {t('pause')}
          </Button>
        ) : (
          <Button small onClick={() => void call('downloads.resume', { downloadId })}>
            {t('resume')}
          </Button>
        )}
        <Button look="quiet" small onClick={() => void call('downloads.discard', { downloadId })}>
          {t('discard')}
        </Button>
      </footer>
    </section>
  );
}

/** How much is there, how fast it comes and how long it still takes. */
function useWords({ state, doneBytes, totalBytes, bytesPerSecond }: DownloadCard): string {
  const { t, i18n } = useTranslation('models');
  const { language } = i18n;
  const amount = { done: bytes(doneBytes, language), total: bytes(totalBytes, language) };
  if (totalBytes === 0) return t(state === 'running' ? 'asking' : 'waiting');
  if (state !== 'running' || bytesPerSecond === 0) return t('amount', amount);
  const left = seconds(((totalBytes - doneBytes) / bytesPerSecond) * 1_000, language);
  return t('rate', { ...amount, rate: bytes(bytesPerSecond, language), left });
}
