import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from './components/Button.tsx';
import { IconButton } from './components/IconButton.tsx';
import { dismiss, type Notice, useNotices } from './stores/notices.ts';
import { useStudio } from './stores/studio.ts';

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
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeCard({ notice: { id, kind, title, detail, action } }: { notice: Notice }) {
  const { t } = useTranslation();
  const act = () => {
    action?.run();
    dismiss(id);
  };
  return (
    <div role={kind === 'failure' ? 'alert' : 'status'} className={`notice notice-${kind}`}>
      <div>
        <p>{title}</p>
        {detail && <p className="notice-detail">{detail}</p>}
      </div>
      {action && (
        <Button look="quiet" small onClick={act}>
          {action.label}
        </Button>
      )}
      <IconButton small label={t('dismiss')} onClick={() => dismiss(id)}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
