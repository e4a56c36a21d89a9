/** Two ports of the protocol that talk to each other through a real MessageChannel. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Port } from '../../engine/protocol.ts';

export function portPair(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  return [portOf(port1), portOf(port2)];
}

function portOf(port: MessagePort): Port {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', listener),
    onClose: (listener) => void port.once('close', listener),
    close: () => port.close(),
  };
}
