import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChannel, createServer, type Endpoint, sameUser } from '../../src/index.js';
import { buildPeer, type PeerName } from './build-peers.js';
import { PeerProcess } from './peer-process.js';
import { saveTable } from './results.js';

const run = promisify(execFile);
const languages = { go: 'Go `net`', python: 'Python `socket`' } as const;
const kinds = ['path', 'abstract name', 'abstract name of any bytes'] as const;
type Language = keyof typeof languages;
type Kind = (typeof kinds)[number];

const rows: Record<string, Record<string, string>> = {};
let folder: string;
let paths = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podwire-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await saveTable('sockets', { columns: kinds, rows });
});

function passed(row: string, column: string): void {
  rows[row] = { ...rows[row], [column]: 'ok' };
}

function endpointOf(kind: Kind): Endpoint {
  if (kind === 'path') return { kind: 'path', path: `${folder}/${++paths}.sock` };
  // Not UTF-8, and with a NUL within.
  const bytes = Buffer.of(0xff, 0x00, 0x40, 0x2f, 0x80);
  const name = Buffer.from(`podwire-test-${randomUUID()}`);
  return { kind: 'abstract', name: kind === 'abstract name' ? name : Buffer.concat([name, bytes, randomBytes(4)]) };
}

/** What each language takes as an address, and gives as one. */
function addressOf(endpoint: Endpoint, language: Language): string {
  if (endpoint.kind === 'path') return Buffer.from(endpoint.path).toString('hex');
  if (endpoint.kind !== 'abstract') throw new TypeError('no address');
  return Buffer.concat([Buffer.from(language === 'go' ? '@' : '\0'), endpoint.name]).toString('hex');
}

/** Go dials all of a name; when it prints one it stops at a NUL. */
function asShown(address: string, language: Language): string {
  const bytes = Buffer.from(address, 'hex');
  return language === 'go' && bytes.includes(0) ? bytes.subarray(0, bytes.indexOf(0)).toString('hex') : address;
}

const program = (language: Language) => buildPeer(`sockets-${language}` satisfies PeerName);

/** What a program prints about a handshake. */
interface Handshake {
  remote?: string;
  local?: string;
  preface?: string;
  frames: string[];
}

describe.each(['go', 'python'] as const)('a plain %s socket', (language) => {
  it.each(kinds)('dials podwire on the same %s, byte for byte', async (kind) => {
    const endpoint = endpointOf(kind);
    const server = createServer();
    await server.listen(endpoint, { allowPeer: sameUser() });
    try {
      const address = addressOf(endpoint, language);
      const handshake: Handshake = JSON.parse(await PeerProcess.output(await program(language), ['dial', address]));
      expect(handshake.remote).toBe(asShown(address, language));
      expect(handshake.frames[0]).toBe('SETTINGS');
      expect(handshake.frames.at(-1)).toBe('SETTINGS acknowledgement');
    } finally {
      await server.shutdown({ graceMs: 0 });
    }
    passed(`${languages[language]} dials podwire`, kind);
  });

  it.each(kinds)('is dialed by podwire on the same %s, byte for byte', async (kind) => {
    const endpoint = endpointOf(kind);
    const address = addressOf(endpoint, language);
    const listener = await PeerProcess.server(await program(language), ['listen', address]);
    const channel = createChannel(endpoint);
    const [printed] = await Promise.all([listener.finish(), channel.ready({ timeoutMs: 5_000 })]);
    await channel.close();
    const handshake: Handshake = JSON.parse(printed.replace('listening\n', ''));
    expect(handshake.local).toBe(asShown(address, language));
    expect(handshake.preface).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(handshake.frames[0]).toBe('SETTINGS');
    expect(handshake.frames.at(-1)).toBe('SETTINGS acknowledgement');
    passed(`podwire dials ${languages[language]}`, kind);
  });

  it('does not reach podwire under a name with one more NUL', async () => {
    const endpoint = endpointOf('abstract name');
    const server = createServer();
    await server.listen(endpoint, { allowPeer: sameUser() });
    try {
      const padded = `${addressOf(endpoint, language)}00`;
      await expect(PeerProcess.output(await program(language), ['dial', padded])).rejects.toThrow(/refused/i);
    } finally {
      await server.shutdown({ graceMs: 0 });
    }
  });
});

describe('in one network namespace', () => {
  it('podwire, Go net/rpc on @name and Python on \\0name serve side by side, and the system shows all three', async () => {
    const suffix = randomUUID();
    const endpoint = `unix-abstract:podwire-${suffix}`;
    const text = 'Some values from the client,';
    const goAddress = Buffer.from(`@my-abstract-socket.sock-${suffix}`).toString('hex');
    const pythonAddress = Buffer.from(`\0my-abstract-socket-${suffix}`).toString('hex');
    const [podwire, go, python] = await Promise.all([
      PeerProcess.server(await buildPeer('podwire'), ['server', '--endpoint', endpoint]),
      PeerProcess.server(await program('go'), ['rpc-server', goAddress]),
      PeerProcess.server(await program('python'), ['echo-server', pythonAddress]),
    ]);
    try {
      const [answer] = await PeerProcess.client(await buildPeer('go-new'), endpoint, ['empty_unary']);
      expect(answer).toMatchObject({ ok: true });
      const reply = await PeerProcess.output(await program('go'), ['rpc-client', goAddress, text]);
      expect(reply).toBe(`${text} And a reply from the server.\n`);
      const echo = await PeerProcess.output(await program('python'), ['echo-client', pythonAddress, text]);
      expect(echo).toBe(`${text}\n`);
      const table = await readFile('/proc/net/unix', 'latin1');
      expect(table).toContain(`@podwire-${suffix}\n`);
      expect(table).toContain(`@my-abstract-socket.sock-${suffix}\n`);
      expect(table).toContain(`@my-abstract-socket-${suffix}\n`);
    } finally {
      const ends = await Promise.all([podwire.stop(), go.stop(), python.stop()]);
      expect(ends).toEqual([0, 0, 0]);
    }
  });
});

describe.each(['path', 'abstract name'] as const)("podwire's socket on a %s", (kind) => {
  const endpoint = () => endpointOf(kind);
  /** Runs `look` while a server listens; the name is what the tools are to show. */
  async function whileListening(look: (name: string) => Promise<void>): Promise<void> {
    const listened = endpoint();
    const server = createServer();
    await server.listen(listened, { allowPeer: sameUser() });
    try {
      await look(listened.kind === 'path' ? listened.path : Buffer.from(addressOf(listened, 'go'), 'hex').toString());
    } finally {
      await server.shutdown({ graceMs: 0 });
    }
  }

  it('is in /proc/net/unix under its name', () =>
    whileListening(async (name) => {
      expect(await readFile('/proc/net/unix', 'latin1')).toContain(` ${name}\n`);
      passed('`/proc/net/unix` shows podwire', kind);
    }));

  it('is shown by lsof -U under its name', () =>
    whileListening(async (name) => {
      const { stdout } = await run('lsof', ['-U', '-a', '-p', `${process.pid}`, '-F', 'n']).catch((cause: unknown) => {
        throw new Error("lsof cannot be run; Debian's package for it is lsof", { cause });
      });
      expect(stdout).toContain(`\nn${name} `);
      passed('`lsof -U` shows podwire', kind);
    }));

  it('is shown by psutil under its name', () =>
    whileListening(async (name) => {
      const sockets = JSON.parse(await PeerProcess.output(await program('python'), ['names', `${process.pid}`]));
      expect(sockets.map((one: { name: string }) => one.name)).toContain(name);
      passed("psutil's `net_connections` shows podwire", kind);
    }));
});
