import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { Suggestions } from '../../components/Suggestions.tsx';
import { makePicture, useExamples } from '../../engine/examples.ts';
import { useStudio } from '../../stores/studio.ts';

interface Props {
  onStart: (jobId: string) => void;
  onLeave: () => void;
}

const SHOWN = 3;

export function ChoosePrompt({ onStart, onLeave }: Props) {
  const { t } = useTranslation('tour');
  const prompts = useExamples().create.slice(0, SHOWN);
  const languages = useStudio((state) => state.languages);
  const examples = useRef<HTMLDivElement>(null);
  const hasExamples = prompts.length > 0;
  useEffect(() => {
    if (hasExamples) examples.current?.querySelector('button')?.focus();
  }, [hasExamples]);
  const [isSending, setSending] = useState(false);
  const make = async (prompt: string) => {
    setSending(true);
    const job = await makePicture(prompt);
    setSending(false);
    if (job) onStart(job.id);
  };
  return (
    <>
      <h2>{t('welcome')}</h2>
      <p>{t('welcomeText')}</p>
      {hasExamples ? <p>{t('choose')}</p> : <p role="status">{t('starting')}</p>}
      <div ref={examples}>
        <Suggestions
          prompts={prompts}
          languages={languages}
          disabled={isSending}
          onChoose={(prompt) => void make(prompt)}
        />
      </div>
      <div className="tour-buttons">
        <Button look="quiet" onClick={onLeave}>
          {t('skip')}
        </Button>
      </div>
    </>
  );
}
