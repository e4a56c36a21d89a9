import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../engine/studio-protocol.ts';
import { Button } from './components/Button.tsx';
import { FailureCard } from './components/FailureCard.tsx';
import { IconButton } from './components/IconButton.tsx';
import { reportOf, useFailureWords } from './components/useFailureWords.ts';
import { copyText } from './engine/shell.ts';
import { type Done, dismiss, type Notice, useNotices } from './stores/notices.ts';
import { useStudio } from './stores/studio.ts';
import { useWorkspace } from './stores/workspace.ts';

export function Notices() {
  const notices = useNotices((state) => state.notices);
  const connection = useStudio((state) => state.connection);
  const { t } = useTranslation();
  return (
    <div className="notices">
      {connection === 'closed' && (
        <div role="status" className="notice">
          <p>{t('connection.lost')}</p>
        </div>
      )}
      <EngineNotice />
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

const UNTOLD: Failure = { code: 'engine-failed', message: '', hint: null };

/** As long as there is no engine; a model whose files are at fault says so itself. */
function EngineNotice() {
  const { t } = useTranslation('failures');
  const isFailed = useStudio((state) => state.engine === 'failed');
  const told = useStudio((state) => state.engineFailure) ?? UNTOLD;
  if (!isFailed) return null;
  const failure = told.code === 'engine-gone' ? { ...told, code: UNTOLD.code } : told;
  return (
    <FailureNotice failure={failure}>
      <Button small onClick={() => useWorkspace.setState({ view: 'models' })}>
        {t('word.models')}
      </Button>
    </FailureNotice>
  );
}

function NoticeCard({ notice }: { notice: Notice }) {
  const close = () => dismiss(notice.id);
  if (notice.kind === 'failure') return <FailureNotice {...notice} corner={<Close onClose={close} />} />;
  if (notice.kind === 'uncopied') return <UncopiedNotice text={notice.text} onClose={close} />;
  return <DoneNotice done={notice} onClose={close} />;
}

interface Closable {
  onClose: () => void;
}

function Close({ onClose }: Closable) {
  const { t } = useTranslation();
  return (
    <IconButton small label={t('dismiss')} onClick={onClose}>
      <X size={14} />
    </IconButton>
  );
}

function DoneNotice({ done: { title, action }, onClose }: { done: Done } & Closable) {
  const act = () => {
    action?.run();
    onClose();
  };
  return (
    <div role="status" className="notice">
      <p>{title}</p>
      {action && (
        <Button look="quiet" small onClick={act}>
          {action.label}
        </Button>
      )}
      <Close onClose={onClose} />
    </div>
  );
}

interface FailureProps {
  failure: Failure;
  about?: string | undefined;
  corner?: ReactNode;
  children?: ReactNode;
}

function FailureNotice({ failure, ...rest }: FailureProps) {
  const { t } = useTranslation('failures');
  return (
    <div className="notice-failure">
      <FailureCard
        failure={failure}
        report={reportOf(failure)}
        onCopy={(report) => void copyText(report, t('word.copied'))}
        {...rest}
      />
    </div>
  );
}

/** The text is chosen as soon as it has the focus, so that one key copies it. */
function UncopiedNotice({ text, onClose }: { text: string } & Closable) {
  const { what, next } = useFailureWords()({ code: 'clipboard-refused', message: text, hint: null });
  return (
    <div role="alert" className="notice">
      <div>
        <p className="failure-what">{what}</p>
        <p className="failure-next">{next}</p>
        <textarea
          readOnly
          aria-label={what}
          rows={Math.min(6, text.split('\n').length)}
          value={text}
          onFocus={(event) => event.target.select()}
        />
      </div>
      <Close onClose={onClose} />
    </div>
  );
}
