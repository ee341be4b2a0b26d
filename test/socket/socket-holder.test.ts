import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { findHolder, heldBy } from '../../src/socket/socket-holder.js';
import { knowsPeers } from './knows-peers.js';
import { startSocketProcess } from './start-socket-process.js';

let folder: string;
let endpoint: PathEndpoint;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  endpoint = { kind: 'path', path: join(folder, 'x.sock') };
});

afterEach(() => rmSync(folder, { recursive: true }));

async function listening(): Promise<Server> {
  const server = createServer().listen(endpoint.path);
  await once(server, 'listening');
  return server;
}

describe('findHolder', () => {
  it('goes on after a descriptor that is closed meanwhile', async () => {
    const below = openSync('/dev/null', 'r');
    const server = await listening();
    // The listing takes this number, which is closed before it can be looked at.
    closeSync(below);
    expect(await findHolder(endpoint)).toEqual({ pid: process.pid });
    server.close();
  });

  it('finds another process', async () => {
    await using holder = startSocketProcess('listen', `unix:${endpoint.path}`);
    expect(await holder.next()).toMatchObject({ event: 'listening' });
    // Without koffi it is bound under a name that means something only inside of it (node-path-server.ts).
    expect(await findHolder(endpoint)).toEqual(knowsPeers ? { pid: holder.child.pid } : undefined);
  });

  it('finds nobody', async () => {
    expect(await findHolder(endpoint)).toBeUndefined();
  });
});

describe('heldBy', () => {
  it('names this process as such', () => {
    expect(heldBy({ pid: process.pid })).toBe(', held by this process');
    expect(heldBy({ pid: 1 })).toBe(', held by process 1');
    expect(heldBy(undefined)).toBe('');
  });
});
