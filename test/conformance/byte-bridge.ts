import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { sameUser } from '../../src/index.js';
import { dialSocket, listenSocket } from '../../src/socket/index.js';

/** Sees the bytes of one connection go by: those of who dialed, and those of who was dialed. */
export interface Observer {
  asked(chunk: Uint8Array): void;
  answered(chunk: Uint8Array): void;
}

export interface Bridge {
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and hands each connection on to a Unix socket, for a client that knows TCP only. */
export async function bridgeFromTcp(endpoint: string): Promise<Bridge & { readonly port: number }> {
  const connections = new Connections(() => dialUnix(endpoint));
  const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
  const server = net.createServer(options, (socket) => connections.take(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      connections.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Listens on a Unix socket and hands each connection on to another one, seen by an observer of its own. */
export function observedBridge(endpoint: string, target: string, observe: () => Observer): Promise<Bridge> {
  return listenUnix(endpoint, new Connections(() => dialUnix(target), observe));
}

async function dialUnix(endpoint: string): Promise<Socket> {
  return (await dialSocket(endpoint)).socket;
}

async function listenUnix(endpoint: string, connections: Connections): Promise<Bridge> {
  const listener = await listenSocket(
    endpoint,
    { allowPeer: sameUser() },
    { onConnection: (socket) => connections.take(socket), onRefused: (socket) => socket.destroy() },
  );
  return {
    async close() {
      connections.destroy();
      await listener.close();
    },
  };
}

/** The connections of a bridge: those that came, each joined with one that was made for it. */
class Connections {
  readonly #dial: () => Promise<Socket>;
  readonly #observe: (() => Observer) | undefined;
  readonly #open = new Set<Socket>();

  constructor(dial: () => Promise<Socket>, observe?: () => Observer) {
    this.#dial = dial;
    this.#observe = observe;
  }

  take(outside: Socket): void {
    this.#own(outside);
    this.#dial().then(
      (inside) => {
        this.#own(inside);
        const observer = this.#observe?.();
        if (observer !== undefined) {
          outside.on('data', (chunk) => observer.asked(chunk as Buffer));
          inside.on('data', (chunk) => observer.answered(chunk as Buffer));
        }
        pass(outside, inside);
        pass(inside, outside);
      },
      () => outside.destroy(),
    );
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #own(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
  }
}

/** Each direction ends for itself, as it does on the wire; what breaks on one side breaks on the other. */
function pass(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once('close', () => {
    if (!from.readableEnded) to.destroy();
  });
  if (from.destroyed) to.destroy();
}
