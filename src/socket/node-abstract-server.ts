import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AbstractEndpoint } from '../endpoint/endpoint.js';
import { abstractNameFailure } from './abstract-name-failure.js';
import { abstractSocketPackage } from './abstract-socket-package.js';
import type { ListeningServer } from './listening-server.js';
import { nodeNamesAreExact } from './node-names-are-exact.js';
import { nodeSocketName } from './node-socket-name.js';
import { outgoingSocket } from './outgoing-socket.js';

/** Listens on an abstract name by node:net, or by abstract-socket (backlog 511) where that is not exact. */
export async function nodeAbstractServer(
  endpoint: AbstractEndpoint,
  backlog: number,
  shown: string,
): Promise<ListeningServer> {
  const name = nodeSocketName(endpoint, shown);
  let server: Server;
  try {
    if (nodeNamesAreExact()) {
      server = createServer({ pauseOnConnect: true });
      server.listen({ path: name, backlog });
      await once(server, 'listening');
    } else {
      server = await listenByPackage(endpoint, name, shown);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || code.startsWith('ERR_')) throw cause;
    throw await abstractNameFailure(code, endpoint, shown);
  }
  return { server, close: () => server.close() };
}

async function listenByPackage(endpoint: AbstractEndpoint, name: string, shown: string): Promise<Server> {
  const server = abstractSocketPackage(shown).createServer();
  // Asked first: when bind(2) fails, the package goes on to listen on a descriptor that it has closed.
  const probe = outgoingSocket(endpoint, shown);
  const answer = await probe.connect();
  probe.close();
  if (answer !== 'ECONNREFUSED') throw Object.assign(new Error(answer), { code: 'EADDRINUSE' });
  // And it emits the error as the name of the event.
  let failure: Error | undefined;
  const emit = server.emit.bind(server);
  server.emit = (event: unknown, ...rest: unknown[]): boolean => {
    if (!(event instanceof Error)) return emit(event as string, ...rest);
    failure = event;
    return true;
  };
  server.pauseOnConnect = true;
  server.listen(name);
  await once(server, 'listening').catch((error: unknown) => {
    throw failure ?? error;
  });
  return server;
}

declare module 'node:net' {
  interface Server {
    /** Of the options of `createServer`, and read at each accept. */
    pauseOnConnect: boolean;
  }
}
