import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { createServer } from '../../src/server/server.js';
import { rejection } from '../client/rejection.js';
import { socketFolder } from './serve-podinfo.js';
import { startPodInfoProcess } from './start-podinfo-process.js';

describe('shutdownOn', () => {
  it('is refused when it is no signal that can be handled', () => {
    const listenersBefore = process.listenerCount('SIGTERM');
    expect(() => createServer({ shutdownOn: 'SIGFOO' as never })).toThrow(
      new TypeError(`shutdownOn is true, false or a list such as ['SIGTERM'], not "SIGFOO"`),
    );
    expect(() => createServer({ shutdownOn: ['SIGTERM', 'SIGFOO' as never] })).toThrow(
      /^shutdownOn has "SIGFOO", which is no signal here; there are .*SIGTERM/,
    );
    expect(() => createServer({ shutdownOn: ['SIGKILL'] })).toThrow(
      /^shutdownOn has "SIGKILL", which no process can handle; there are (?!.*SIG(KILL|STOP))/,
    );
    expect(() => createServer({ shutdownOn: ['SIGSTOP'] })).toThrow(TypeError);
    expect(process.listenerCount('SIGTERM')).toBe(listenersBefore);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends the process well on %s, and leaves no file', async (signal) => {
    using folder = socketFolder();
    const path = folder.path('x.sock');
    await using server = startPodInfoProcess('serve', path, { shutdownOn: true });
    await server.next();
    const channel = createChannel(path);
    await createClient(PodInfoDefinition, channel).describe({});
    expect(existsSync(path)).toBe(true);
    server.child.kill(signal);
    expect(await server.exited).toEqual([0, null]);
    expect(existsSync(path)).toBe(false);
    await channel.close();
  });

  it('lets open calls go on at the first signal, and the second ends the process at once', async () => {
    using folder = socketFolder();
    const path = folder.path('x.sock');
    await using server = startPodInfoProcess('serve', path, { shutdownOn: true });
    await server.next();
    const channel = createChannel(path);
    const call = rejection(createClient(PodInfoDefinition, channel).describe({ text: 'hang' }));
    expect(await server.next()).toMatchObject({ event: 'hanging' });
    server.child.kill('SIGTERM');
    expect(await server.next()).toMatchObject({ event: 'stopping' });
    server.child.kill('SIGINT');
    expect(await server.exited).toEqual([null, 'SIGINT']);
    expect((await call).code).toBe(Code.UNAVAILABLE);
    await channel.close();
  });

  it('does not touch signals by default, and gives them back', async () => {
    const before = process.listenerCount('SIGTERM');
    const plain = createServer();
    expect(process.listenerCount('SIGTERM')).toBe(before);
    const server = createServer({ shutdownOn: ['SIGTERM', 'SIGUSR2'] });
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    expect(process.listenerCount('SIGUSR2')).toBe(1);
    expect(process.listenerCount('SIGINT')).toBe(process.listenerCount('SIGINT'));
    await server.shutdown();
    await plain.shutdown();
    expect(process.listenerCount('SIGTERM')).toBe(before);
    expect(process.listenerCount('SIGUSR2')).toBe(0);
  });
});
