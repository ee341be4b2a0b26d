import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EchoServiceDefinition } from '../../gen/echo/v1/echo.js';
import {
  anyone,
  type ChannelOptions,
  createChannel,
  createClient,
  createServer,
  type ListenOptions,
  type Server,
  users,
} from '../../src/index.js';
import { checkWithoutCredentials } from '../../src/socket/check-without-credentials.js';
import { defaultClientPolicy } from '../../src/socket/default-policy.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/security.md'), 'utf8');

let folder: string;
let name: string;
let servers: Server[];
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwire-'));
  name = `unix-abstract:podwire-security-${process.pid}-${count++}`;
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.shutdown();
  rmSync(folder, { recursive: true });
});

/** What differs from run to run: who we are, and where. */
function withoutChance(text: string): string {
  return text
    .replaceAll(name, 'unix-abstract:api')
    .replaceAll(`unix://${folder}`, 'unix:///run')
    .replace(/uid \d+, gid \d+, pid \d+/g, 'uid #, gid #, pid #')
    .replace(/held by (this process|process \d+)/g, 'held by process #')
    .replace(/users\((1001|4000000001)\)/g, 'users(#)');
}

/** Without the method and the place, which end the message of a call. */
function expectShown(message: string): void {
  const shown = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => withoutChance(text));
  expect(shown).toContain(withoutChance(message).replace(/ \(\S+ at \S+\)$/, ''));
}

async function listen(endpoint: string, options?: ListenOptions): Promise<string> {
  const server = createServer();
  servers.push(server);
  return server.listen(endpoint, options).then(
    () => 'it listens',
    (error: Error) => error.message,
  );
}

/** The message with which a call fails. */
async function refusal(endpoint: string, options: ChannelOptions = {}): Promise<string> {
  const channel = createChannel(endpoint, options);
  const call = createClient(EchoServiceDefinition, channel).echo({}, { timeoutMs: 10_000 });
  const message = await call.then(
    () => 'it succeeds',
    (error: Error) => error.message,
  );
  await channel.close();
  return message;
}

it('peers that the policy refuses are told', async () => {
  await listen(name, { allowPeer: users(4_000_000_001) });
  expectShown(await refusal(name));
});

it('peers are told that the policy has failed', async () => {
  await listen(name, {
    allowPeer: () => {
      throw new Error('expected by the test: a warning shows it');
    },
  });
  expectShown(await refusal(name));
});

it('peers that a limit turns away are told', async () => {
  for (const limit of ['maxConnections', 'maxConnectionsPerUser']) {
    const endpoint = path.join(folder, limit);
    await listen(endpoint, { [limit]: 1 });
    const first = createChannel(endpoint);
    await first.ready({ timeoutMs: 5_000 });
    expectShown(await refusal(endpoint));
    await first.close();
  }
});

it('a server that is not who it should be gets nothing', async () => {
  await listen(name, { allowPeer: anyone() });
  expectShown(await refusal(name, { allowServer: users(4_000_000_001) }));
});

it('a folder that others may write gets nothing, when the path shall be protected', async () => {
  const open = path.join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  await listen(path.join(open, 'api.sock'));
  const message = await refusal(path.join(open, 'api.sock'), { protectedPath: true });
  expectShown(message.replace(`the folder ${folder}`, 'the folder /run'));
});

it('a taken place is left alone', async () => {
  const file = path.join(folder, 'api.sock');
  await listen(name, { allowPeer: anyone() });
  expectShown(await listen(name, { allowPeer: anyone() }));
  await listen(file);
  expectShown(await listen(file));
  await servers.at(-2)?.shutdown();
  symlinkSync('nowhere', file);
  expectShown(await listen(file));
  rmSync(file);
  writeFileSync(file, '');
  expectShown(await listen(file));
});

it('as root, an abstract name needs a policy', (context) => {
  context.skip(process.geteuid?.() !== 0, 'needs root');
  const endpoint = { kind: 'abstract', name: Buffer.from('api') } as const;
  try {
    defaultClientPolicy(endpoint);
    expect.unreachable();
  } catch (error) {
    expectShown((error as Error).message);
  }
});

it('without credentials a policy is refused at start', () => {
  try {
    checkWithoutCredentials('allowPeer', users(1001), 'unix-abstract:api');
    expect.unreachable();
  } catch (error) {
    expectShown((error as Error).message.replace('unix-abstract:api: ', ''));
  }
});
