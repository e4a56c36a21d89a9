import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudioAnswer } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { bytes } from '../../components/format.ts';
import { call } from '../../engine/studio.ts';

type Device = StudioAnswer<'devices.list'>['devices'][number];
type Tested = Exclude<Device['provider'], 'cpu'>;

/** What computes, and what its self-test found. A GPU is used once its test has passed. */
export function Devices() {
  const [devices, setDevices] = useState<Device[]>([]);
  const [testing, setTesting] = useState<Tested | null>(null);
  useEffect(() => {
    void call('devices.list', {}).then((answer) => setDevices(answer?.devices ?? []));
  }, []);
  const test = async (provider: Tested) => {
    setTesting(provider);
    const answer = await call('devices.test', { provider });
    if (answer) setDevices(answer.devices);
    setTesting(null);
  };
  return (
    <ul className="settings-devices">
      {devices.map((device) => (
        <DeviceRow key={device.provider} device={device} testing={testing} onTest={test} />
      ))}
    </ul>
  );
}

interface DeviceRowProps {
  device: Device;
  testing: Tested | null;
  onTest: (provider: Tested) => void;
}

function DeviceRow({ device, testing, onTest }: DeviceRowProps) {
  const { t, i18n } = useTranslation('settings');
  const { provider, name, memoryBytes, state, tests } = device;
  const title = [name, t(`providers.${provider}`)].filter(Boolean).join(' · ');
  const memory = memoryBytes === null ? '' : ` · ${bytes(memoryBytes, i18n.language)}`;
  const problems = Object.entries(tests).filter(([, { ok }]) => !ok);
  return (
    <li className="settings-row">
      <div>
        <p>
          {title}
          {memory}
        </p>
        <p className="settings-text">{t(`deviceStates.${state}`)}</p>
        {problems.map(([test, { reason, detail }]) => (
          <p key={test} className="settings-text">
            {t(`deviceTests.${test}`)}: {t(`deviceReasons.${reason ?? 'failed'}`)} {detail}
          </p>
        ))}
      </div>
      {provider !== 'cpu' && (
        <Button disabled={testing !== null} onClick={() => onTest(provider)}>
          {t(testing === provider ? 'deviceTesting' : 'deviceTest')}{' '}
          <span className="hidden-label">{t(`providers.${provider}`)}</span>
        </Button>
      )}
    </li>
  );
}
