import type { Socket } from 'node:net';
import { defaultChannelLimits } from '../transport/limits.js';
import { Transport } from '../transport/transport.js';
import { InjectedStream } from './injected-stream.js';
import { namedSocket } from './named-socket.js';

/**
 * Notices that a grpc-js server shuts down. It tells nobody, but it closes the sessions that it has: so it gets one on which
 * nothing happens. `onShutdown` is called at most once.
 *
 * @returns a function that ends the watch.
 */
export function watchShutdown(inject: (socket: Socket) => void, onShutdown: () => void): () => void {
  let stopped = false;
  let injected: InjectedStream;
  const open = (): void => {
    injected = new InjectedStream();
    let aged = false;
    const transport = new Transport(
      injected,
      { role: 'client', limits: defaultChannelLimits },
      {
        onGoaway: (_errorCode, debugData) => {
          // What grpc-js says to connections that are too old or idle, by options of the server.
          aged = debugData === 'max_age' || debugData === 'max_idle';
        },
        onEnd: () => injected.close(),
        onClosed: () => {
          if (stopped) return;
          if (aged) return open();
          stopped = true;
          onShutdown();
        },
      },
    );
    inject(namedSocket(injected.duplex, 'podwire'));
    transport.start();
  };
  open();
  return () => {
    stopped = true;
    injected.close();
  };
}
