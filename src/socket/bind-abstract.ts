import { closeSync } from 'node:fs';
import type { AbstractEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { abstractNameFailure } from './abstract-name-failure.js';
import type { BoundSocket } from './bound-socket.js';
import { errnoName, libc } from './libc.js';
import { socketAddress } from './socket-address.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** Listens on exactly this name. The kernel forgets it when the socket closes: nothing is ever stale or to remove. */
export async function bindAbstract(endpoint: AbstractEndpoint, backlog: number): Promise<BoundSocket> {
  const fd = unixStreamSocket(endpoint);
  let result = libc().bind(fd, socketAddress(endpoint));
  if (result >= 0) result = libc().listen(fd, backlog);
  if (result >= 0) return { fd };
  closeSync(fd);
  throw await abstractNameFailure(errnoName(result), endpoint, printEndpoint(endpoint));
}
