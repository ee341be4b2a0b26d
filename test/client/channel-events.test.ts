import { createServer as createNetServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { channelEvents } from '../../src/client/channel-events.js';
import { createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { createServer } from '../../src/server/server.js';
import { plainPodInfo, servePodInfo, signalled, socketFolder, until } from '../server/serve-podinfo.js';
import { startPodInfoProcess } from '../server/start-podinfo-process.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { recordEvents } from '../socket/recorded-events.js';
import { rejection } from './rejection.js';
import { answer, startScriptedServer } from './scripted-server.js';

const fast = { backoff: { firstMs: 1, longestMs: 20, jitter: 0 } };

describe('the events and counters of a channel', () => {
  it('tell of its connections, from the first attempt to the end', async () => {
    using folder = socketFolder();
    const channel = createChannel(folder.path('x.sock'), fast);
    using recorded = recordEvents(channelEvents, channel.address);
    const podinfo = createClient(PodInfoDefinition, channel);
    await rejection(podinfo.describe({}));
    expect(recorded.names).toEqual(['callStart', 'connecting', 'callEnd', 'connectFailed']);
    expect(recorded.of('connecting')).toEqual([{ address: channel.address, attempt: 1 }]);
    const [failed] = recorded.of('connectFailed');
    expect(failed).toMatchObject({ attempt: 1, error: { code: Code.UNAVAILABLE }, retryInMs: undefined });
    expect(channel.counters).toMatchObject({ connectAttempts: 1, connectFailed: 1, connected: 0, callsUnavailable: 1 });

    // A call that waits has it tried again.
    const waiting = podinfo.describe({}, { waitForReady: true });
    await until(() => channel.counters.connectFailed >= 3);
    const [, second, third] = recorded.of('connectFailed');
    expect([second.attempt, third.attempt]).toEqual([2, 3]);
    expect(third.retryInMs).toBeGreaterThan(second.retryInMs);
    const server = createServer().add(PodInfoDefinition, plainPodInfo);
    await server.listen(folder.path('x.sock'));
    await waiting;
    const self = knowsPeers ? { pid: process.pid, uid: process.geteuid?.() } : {};
    expect(recorded.of('connected')).toMatchObject([{ address: channel.address, peer: self }]);

    await server.shutdown();
    await until(() => channel.counters.disconnected === 1);
    const from = recorded.names.lastIndexOf('callEnd') + 1;
    expect([...new Set(recorded.names.slice(from))]).toEqual(['goaway', 'disconnected']);
    expect(recorded.of('goaway')[0]).toMatchObject({ errorCode: 0, reason: 'the server is shutting down' });
    expect(recorded.of('disconnected')).toMatchObject([{ error: undefined }]);
    expect(channel.counters).toMatchObject({ connected: 1, disconnected: 1, lost: 0 });
    expect(channel.counters.goawaysReceived).toBeGreaterThanOrEqual(1);

    // Counted from one again.
    await rejection(podinfo.describe({}));
    expect(recorded.of('connecting').at(-1)).toMatchObject({ attempt: 1 });
    await channel.close();
    expect(recorded.names.at(-1)).toBe('closed');
  });

  it('tell that the server was killed', async () => {
    await using served = await servePodInfo();
    const endpoint = `${served.endpoint}-killed`;
    await using other = startPodInfoProcess('serve', endpoint);
    expect(await other.next()).toMatchObject({ event: 'listening' });
    const channel = createChannel(endpoint);
    using recorded = recordEvents(channelEvents, channel.address);
    await channel.ready();
    other.child.kill('SIGKILL');
    await until(() => channel.counters.lost === 1);
    expect(recorded.of('goaway')).toEqual([]);
    const [{ reason, error }] = recorded.of('disconnected');
    expect(reason).toMatch(/^(the server closed it without a word|it broke: .*)$/);
    expect(error).toBeInstanceOf(Error);
    await channel.close();
  });

  it('tell that a server does not answer the handshake, which is no connection', async () => {
    using folder = socketFolder();
    const other = createNetServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => other.listen(folder.path('x.sock'), resolve));
    const channel = createChannel(folder.path('x.sock'));
    using recorded = recordEvents(channelEvents, channel.address);
    await rejection(createClient(PodInfoDefinition, channel).describe({}));
    await channel.close();
    expect(recorded.names.filter((name) => !name.startsWith('call'))).toEqual([
      'connecting',
      'connectFailed',
      'closed',
    ]);
    expect(channel.counters).toMatchObject({ connected: 0, connectFailed: 1, disconnected: 0, lost: 0 });
    other.close();
  });

  it('tell of calls, and how they end', async () => {
    const began = signalled();
    await using served = await servePodInfo({
      async describe({ text }, { signal }) {
        if (text === '') return {};
        began.resolve();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    const { channel, podinfo } = served;
    using recorded = recordEvents(channelEvents, channel.address);
    await podinfo.describe({});
    const controller = new AbortController();
    const cancelled = rejection(podinfo.describe({ text: 'hang' }, { signal: controller.signal }));
    await began.promise;
    controller.abort();
    await cancelled;
    await rejection(podinfo.describe({ text: 'hang' }, { timeoutMs: 20 }));
    await rejection(podinfo.describe({}, { timeoutMs: 0 }));
    const ends = recorded.of('callEnd');
    expect(ends.map(({ method, code }) => [method, code])).toEqual(
      [Code.OK, Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.DEADLINE_EXCEEDED].map((code) => [
        'podinfo.v1.PodInfo/Describe',
        code,
      ]),
    );
    expect(ends[1]).toMatchObject({ address: channel.address, message: 'the caller cancelled the call' });
    for (const { durationMs } of ends) expect(durationMs).toBeGreaterThanOrEqual(0);
    const counts = { callsStarted: 4, callsSucceeded: 1, callsFailed: 3, callsCancelled: 1, callsDeadlineExceeded: 2 };
    expect(channel.counters).toMatchObject(counts);
  });

  it('count calls that are made again unseen', async () => {
    using folder = socketFolder();
    await using _server = await startScriptedServer(folder.path('x.sock'), (stream, _headers, index) => {
      if (index === 0) stream.close(7);
      else answer(stream, [Buffer.alloc(5)]);
    });
    const channel = createChannel(folder.path('x.sock'));
    await createClient(PodInfoDefinition, channel).describe({});
    expect(channel.counters).toMatchObject({ transparentRetries: 1, callsStarted: 1, callsSucceeded: 1 });
    await channel.close();
  });

  it('let a subscriber close the channel', async () => {
    await using served = await servePodInfo();
    const { channel } = served;
    const close = () => void channel.close();
    channelEvents.connected.subscribe(close);
    await rejection(served.podinfo.describe({}));
    channelEvents.connected.unsubscribe(close);
    expect(channel.state).toBe('shutdown');
  });
});
