/** The window's one connection to the studio. */
import type { StudioAnswer, StudioMethod, StudioParams } from '../../engine/studio-protocol.ts';
import { notify } from '../stores/notices.ts';
import { useStudio } from '../stores/studio.ts';
import { StudioClient, StudioFailure } from './client.ts';
import { applyEvents, applySnapshot } from './events.ts';
import { shellPorts } from './shell.ts';
import { PortTransport, SocketTransport, type Transport } from './transport.ts';

let client: StudioClient | undefined;

function socketAddress(): string {
  const { protocol, host } = window.location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/studio`;
}

const defaultTransport = (): Transport =>
  window.tusk ? new PortTransport(shellPorts(window.tusk)) : new SocketTransport(socketAddress());

/** Opens the connection; every (re)connection reads the snapshot again, so that nothing shown is stale. */
export function connect(transport: Transport = defaultTransport()): void {
  client = new StudioClient(transport, applyEvents, (connection) => {
    useStudio.setState({ connection });
    if (connection === 'open')
      void call('studio.open', {}).then((snapshot) => snapshot && applySnapshot(snapshot));
  });
}

/** @throws StudioFailure */
export function request<M extends StudioMethod>(
  method: M,
  params: StudioParams<M>,
): Promise<StudioAnswer<M>> {
  if (!client) throw new Error('connect() comes first');
  return client.call(method, params);
}

/** A call whose failure is shown as a notice, with the name of what it is about; resolves to undefined then. */
export async function call<M extends StudioMethod>(
  method: M,
  params: StudioParams<M>,
  about?: string,
): Promise<StudioAnswer<M> | undefined> {
  try {
    return await request(method, params);
  } catch (error) {
    if (!(error instanceof StudioFailure)) throw error;
    notify({ kind: 'failure', failure: error.failure, about });
    return undefined;
  }
}
