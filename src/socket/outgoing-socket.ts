import { connect, type Socket } from 'node:net';
import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { abstractSocketPackage } from './abstract-socket-package.js';
import { DescriptorSocket } from './descriptor-socket.js';
import { hasLibc } from './has-libc.js';
import { nodeNamesAreExact } from './node-names-are-exact.js';
import { NodeSocket } from './node-socket.js';
import { nodeSocketName } from './node-socket-name.js';
import type { Peer } from './peer.js';

/** A socket on its way to somebody. */
export interface OutgoingSocket {
  /** One connect(2): undefined when it has succeeded, else the name of its errno. After EAGAIN it may be called again. */
  connect(): Promise<string | undefined>;
  /** Who is at the other end, once connected. */
  peer(): Peer;
  /** Hands the connected socket over, paused. */
  take(): Socket;
  /** Closes it, unless it was taken. */
  close(): void;
}

/** Makes it through libc, else by node:net where that has the name exactly, else by the package abstract-socket. */
export function outgoingSocket(endpoint: PathEndpoint | AbstractEndpoint, shown: string): OutgoingSocket {
  if (hasLibc(shown)) return new DescriptorSocket(endpoint, shown);
  const name = nodeSocketName(endpoint, shown);
  if (endpoint.kind === 'path' || nodeNamesAreExact()) {
    return new NodeSocket((connected) => connect({ path: name }, connected), shown);
  }
  const abstractSocket = abstractSocketPackage(shown);
  return new NodeSocket((connected) => abstractSocket.connect(name, connected), shown);
}
