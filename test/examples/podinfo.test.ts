import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExchangeRequest, PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, type Client, Code, createChannel, createClient } from '../../src/index.js';
import { ExampleProcess } from './example-process.js';

describe('server and client as processes', () => {
  it('talk over an abstract name', async () => {
    const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
    const server = new ExampleProcess('podinfo/server.ts', [endpoint]);
    const client = new ExampleProcess('podinfo/client.ts', [endpoint]);
    try {
      expect(await server.printed('listening')).toBe(`listening on ${endpoint}`);
      expect(await client.ended(), client.errors.join('\n')).toBe(0);
      expect(client.errors).toEqual([]);
      expect(client.output[0]).toBe(
        `connected to ${endpoint}, process ${server.child.pid} of user ${process.getuid?.()}`,
      );
      expect(client.output[1]).toBe('describe: Some values from the client, And a reply from the server.');
      expect(client.output.slice(2, 5)).toEqual([1, 2, 3].map((n) => expect.stringMatching(`^watch: sample ${n} `)));
      expect(client.output.slice(5)).toEqual([
        'pushLogs: 2 lines of 28 bytes accepted, 1 rejected',
        'exchange: 1 -> hello neighbour',
        `exchange: 2 -> ${hostname()}`,
        expect.stringMatching(/^exchange: 3 -> \d+ s$/),
        'exchange: 4 failed: there is no command "rm"; there are echo, hostname, load, uptime',
      ]);
      expect(server.output.slice(1)).toEqual([
        'log line on stdout: "sidecar started"',
        'log line on stderr: "cache is cold"',
      ]);
      expect(await server.stop()).toBe(0);
    } finally {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    }
  });

  it('talk over a path, and SIGINT leaves no socket file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'podwire-'));
    const path = join(folder, 'podinfo.sock');
    const server = new ExampleProcess('podinfo/server.ts', [path]);
    const client = new ExampleProcess('podinfo/client.ts', [`unix:${path}`]);
    try {
      expect(await client.ended(), client.errors.join('\n')).toBe(0);
      expect(existsSync(path)).toBe(true);
      expect(await server.stop('SIGINT')).toBe(0);
      expect(existsSync(path)).toBe(false);
    } finally {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    }
  });

  it('say what is wrong with an endpoint', async () => {
    for (const program of ['podinfo/server.ts', 'podinfo/client.ts']) {
      const example = new ExampleProcess(program, ['tcp://127.0.0.1:1']);
      expect(await example.ended()).toBe(1);
      expect(example.errors).toEqual([expect.stringContaining('"tcp://127.0.0.1:1" is not an endpoint')]);
    }
  });

  it('refuse peers that --peer-uid does not name', async () => {
    const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
    const server = new ExampleProcess('podinfo/server.ts', [endpoint, '--peer-uid', '4000000001']);
    try {
      await server.printed('listening');
      const refused = new ExampleProcess('podinfo/client.ts', [endpoint]);
      expect(await refused.ended()).toBe(1);
      expect(refused.errors).toEqual([expect.stringContaining('PERMISSION_DENIED')]);
      const refusing = new ExampleProcess('podinfo/client.ts', [endpoint, '--peer-uid', '4000000001']);
      expect(await refusing.ended()).toBe(1);
      expect(refusing.errors).toEqual([expect.stringContaining('users(4000000001)')]);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

describe('the server', () => {
  const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
  let server: ExampleProcess;
  let channel: Channel;
  let podInfo: Client<PodInfoDefinition>;

  beforeAll(async () => {
    server = new ExampleProcess('podinfo/server.ts', [endpoint]);
    await server.printed('listening');
    channel = createChannel(endpoint);
    podInfo = createClient(PodInfoDefinition, channel, { defaults: { timeoutMs: 10_000 } });
  });

  afterAll(async () => {
    await channel.close();
    await server[Symbol.asyncDispose]();
  });

  it('refuses watches that would keep it busy', async () => {
    const samples = podInfo.watch({ intervalMs: 9 })[Symbol.asyncIterator]();
    await expect(samples.next()).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it('accepts log lines of known streams without line feeds', async () => {
    async function* lines() {
      yield { stream: 1, line: 'grün' } as const;
      yield { stream: 2, line: 'two\nlines' } as const;
      yield { stream: 0, line: 'nowhere' } as const;
      yield { stream: 2, line: '\u001b[2J' } as const;
    }
    expect(await podInfo.pushLogs(lines())).toEqual({ acceptedLines: 2n, acceptedBytes: 9n, rejectedLines: 2n });
    expect(await server.printed('stderr')).toBe('log line on stderr: "\\u001b[2J"');
  });

  it('answers each command with its id while the stream stays open', async () => {
    let send: (request: Partial<ExchangeRequest>) => void = () => {};
    const next = () =>
      new Promise<Partial<ExchangeRequest>>((resolve) => {
        send = resolve;
      });
    let waiting = next();
    async function* requests() {
      for (;;) {
        const request = await waiting;
        waiting = next();
        yield request;
      }
    }
    const answers = podInfo.exchange(requests())[Symbol.asyncIterator]();
    const ask = async (id: bigint, command: string) => {
      const answer = answers.next();
      send({ id, command, arguments: ['$HOME', '`id`'] });
      return (await answer).value;
    };
    expect(await ask(7n, 'echo')).toEqual({ id: 7n, outcome: { $case: 'output', value: '$HOME `id`' } });
    expect(await ask(8n, 'constructor')).toMatchObject({ id: 8n, outcome: { $case: 'error' } });
    expect(await ask(9n, 'hostname')).toMatchObject({ id: 9n, outcome: { value: hostname() } });
    await answers.return?.();
  });

  it('ends on SIGTERM at once although a client watches, and says so to it', async () => {
    const samples = podInfo.watch({ intervalMs: 1_000_000 }, { timeoutMs: 60_000 })[Symbol.asyncIterator]();
    expect((await samples.next()).value).toMatchObject({ sequence: 1n });
    const end = samples.next().catch((error: unknown) => error);
    expect(await server.stop()).toBe(0);
    // Not what podwire says for handlers that it has to end.
    expect(await end).toMatchObject({ code: Code.UNAVAILABLE, statusMessage: 'this server is stopping; watch again' });
    expect(server.output.at(-1)).toBe('shutting down');
    expect(server.errors).toEqual([]);
  });
});
