import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { bindAbstract } from './bind-abstract.js';
import { bindPath } from './bind-path.js';
import { hasLibc } from './has-libc.js';
import type { ListenOptions } from './listen-options.js';
import { type ListeningServer, serveBoundSocket } from './listening-server.js';
import { nodeAbstractServer } from './node-abstract-server.js';
import { nodePathServer } from './node-path-server.js';

/** Listens: through libc where it can be had, else by what Node has. Rejects with SocketError. */
export async function openServer(
  endpoint: PathEndpoint | AbstractEndpoint,
  options: ListenOptions,
  backlog: number,
  shown: string,
): Promise<ListeningServer> {
  if (endpoint.kind === 'path') {
    if (!hasLibc(shown)) return nodePathServer(endpoint, options, backlog, shown);
    return serveBoundSocket(await bindPath(endpoint, options, backlog), backlog, shown);
  }
  if (!hasLibc(shown)) return nodeAbstractServer(endpoint, backlog, shown);
  return serveBoundSocket(await bindAbstract(endpoint, backlog), backlog, shown);
}
