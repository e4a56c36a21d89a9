import { ShieldCheck } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudioAnswer } from '../../../engine/studio-protocol.ts';
import { bytes } from '../../components/format.ts';
import { call } from '../../engine/studio.ts';

type Calls = StudioAnswer<'ledger.list'>['calls'];

/** Every call Tusk made over the network: when, where to, why, how much. */
export function Ledger() {
  const { t } = useTranslation('settings');
  const [calls, setCalls] = useState<Calls | null>(null);
  useEffect(() => {
    void call('ledger.list', {}).then((answer) => setCalls(answer?.calls ?? null));
  }, []);
  if (calls === null) return null;
  if (calls.length === 0)
    return (
      <p className="settings-none">
        <ShieldCheck size={16} aria-hidden="true" /> {t('networkNone')}
      </p>
    );
  return <LedgerTable calls={calls} />;
}

function LedgerTable({ calls }: { calls: Calls }) {
  const { t, i18n } = useTranslation('settings');
  const date = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'short', timeStyle: 'medium' });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls can be scrolled by keyboard
    <section className="settings-ledger" tabIndex={0} aria-label={t('network')}>
      <table>
        <thead>
          <tr>
            {(['when', 'where', 'why', 'size'] as const).map((column) => (
              <th key={column} scope="col">
                {t(`ledger.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {calls.map((entry) => (
            <tr key={`${entry.at} ${entry.address}`}>
              <td>{date.format(entry.at)}</td>
              <td>{entry.address}</td>
              <td>{entry.why}</td>
              <td>{bytes(entry.sizeBytes, i18n.language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
