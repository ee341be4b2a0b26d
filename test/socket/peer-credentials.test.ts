import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { readPeerCredentials } from '../../src/socket/peer-credentials.js';
import { startSocketProcess } from './start-socket-process.js';

const isRoot = process.geteuid?.() === 0;
const needsRoot = 'needs root, to be other users';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

const address = (): string => printEndpoint({ kind: 'path', path: join(folder, 'x.sock') });

function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('readPeerCredentials', () => {
  it('tells nothing of a TCP peer, for which the kernel has an answer, too', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = tcpConnect((server.address() as { port: number }).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const { fd } = (accepted as unknown as { _handle: { fd: number } })._handle;
    expect(readPeerCredentials(fd, 'tcp')).toEqual({ groups: [], endpoint: 'tcp' });
    client.destroy();
    accepted.destroy();
    server.close();
  });

  it('tells nothing of what is no open socket', () => {
    expect(readPeerCredentials(-1, 'x')).toEqual({ groups: [], endpoint: 'x' });
  });

  it('reads user, groups and pid of another process', async (context) => {
    context.skip(!isRoot, needsRoot);
    await using server = startSocketProcess('listen', address(), { mode: 0o666 });
    await server.next();
    const many = Array.from({ length: 300 }, (_, index) => 5000 + index);
    for (const groups of [[], [7, 4_000_000_000], many]) {
      await using client = startSocketProcess('dial', address(), { uid: 3_000_000_000, gid: 1234, groups });
      await client.next();
      expect(await server.next()).toEqual({
        event: 'connection',
        peer: { uid: 3_000_000_000, gid: 1234, groups, pid: client.child.pid, endpoint: address() },
      });
    }
  });

  it('knows no user behind the overflow id of a user namespace', async (context) => {
    context.skip(!isRoot, needsRoot);
    context.skip(!canUnshare(), 'needs unshare(1) and the right to make user namespaces');
    chmodSync(folder, 0o777);
    const prefix = ['unshare', '--user', '--map-root-user'];
    await using server = startSocketProcess('listen', address(), { mode: 0o666, allowPeer: 'anyone' }, { prefix });
    await server.next();
    await using client = startSocketProcess('dial', address(), { uid: 1234, gid: 1234, groups: [4321] });
    await client.next();
    const { peer } = (await server.next()) as unknown as { peer: object };
    expect(peer).toEqual({ groups: [], pid: client.child.pid, endpoint: address() });
    await server.kill('SIGKILL');

    await using strict = startSocketProcess(
      'listen',
      address(),
      { mode: 0o666, allowPeer: { users: [65534] } },
      { prefix },
    );
    await strict.next();
    await using other = startSocketProcess('dial', address(), { uid: 65534, gid: 65534, groups: [] });
    await other.next();
    expect(await strict.next()).toMatchObject({ event: 'refused', reason: expect.stringContaining('unknown') });
  });

  it('takes the same id for a user in the initial user namespace', async (context) => {
    context.skip(!isRoot, needsRoot);
    await using server = startSocketProcess('listen', address(), { mode: 0o666, allowPeer: { users: [65534] } });
    await server.next();
    await using client = startSocketProcess('dial', address(), { uid: 65534, gid: 65534, groups: [] });
    await client.next();
    expect(await server.next()).toMatchObject({ event: 'connection', peer: { uid: 65534, gid: 65534 } });
  });
});
