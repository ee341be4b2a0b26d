import { EventEmitter, on } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { collect, servePodInfo, signalled, until } from '../server/serve-podinfo.js';
import { rejection } from './rejection.js';

/** An iterable that is no generator, and tells what is done to it. */
function iterableOf(next: () => Promise<IteratorResult<{ line: string }>>, returns: () => unknown) {
  const iterator = { next: vi.fn(next), return: vi.fn(returns as never) };
  return { ...iterator, [Symbol.asyncIterator]: () => iterator as unknown as AsyncIterator<{ line: string }> };
}

describe('request messages that cannot be made', () => {
  it.each([
    ['an Error', new Error('of the caller')],
    ['an RpcError of another call', new RpcError(Code.NOT_FOUND, 'elsewhere', { method: 'a.B/C' })],
    ['undefined', undefined],
  ])('end the call with that very error: %s', async (_, thrown) => {
    const cancelled = signalled<unknown>();
    await using served = await servePodInfo({
      async pushLogs(requests, { signal }) {
        signal.addEventListener('abort', () => cancelled.resolve(signal.reason));
        for await (const _ of requests);
        return {};
      },
    });
    async function* requests() {
      yield { line: 'one' };
      await delay(5);
      throw thrown;
    }
    const outcome = await served.podinfo.pushLogs(requests()).then(
      () => 'fulfilled',
      (error: unknown) => [error],
    );
    expect(outcome).toEqual([thrown]);
    expect((outcome as unknown[])[0]).toBe(thrown);
    expect(await cancelled.promise).toMatchObject({ code: Code.CANCELLED });
    const stream = collect(served.podinfo.exchange(requests() as never));
    await expect(stream.catch((error: unknown) => Promise.reject([error]))).rejects.toEqual([thrown]);
  });

  it.each([undefined, null])(
    'are a TypeError when one of them is %s, as for a method that takes one',
    async (message) => {
      await using served = await servePodInfo();
      const missing = new TypeError(`the message is ${message}; give an object, {} for an empty one`);
      await expect(served.podinfo.describe(message as never)).rejects.toThrow(missing);
      await expect(served.podinfo.pushLogs([{ line: '' }, message as never])).rejects.toThrow(missing);
      await expect(collect(served.podinfo.watch(message as never))).rejects.toThrow(missing);
    },
  );

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a message', { line: '' }],
    ['a string', 'line'],
    ['a generator function that was not called', async function* () {}],
  ])('are a TypeError when there is nothing to iterate, and no call begins: %s', async (_, requests) => {
    await using served = await servePodInfo();
    const message = (method: string) =>
      `podinfo.v1.PodInfo/${method} takes a stream of requests: give it an iterable, such as what an async function* returns, or an array`;
    const expected = (method: string) => expect.objectContaining({ name: 'TypeError', message: message(method) });
    await expect(served.podinfo.pushLogs(requests as never)).rejects.toEqual(expected('PushLogs'));
    await expect(collect(served.podinfo.exchange(requests as never))).rejects.toEqual(expected('Exchange'));
    expect(served.channel.state).toBe('idle');
  });

  it.each([
    ['an array', [{ line: 'one' }, { line: 'two' }]],
    ['another iterable', new Set([{ line: 'one' }, { line: 'two' }])],
  ])('may be %s', async (_, requests) => {
    const lines: string[] = [];
    await using served = await servePodInfo({
      async pushLogs(received) {
        for await (const { line } of received) lines.push(line);
        return {};
      },
    });
    await served.podinfo.pushLogs(requests);
    expect(lines).toEqual(['one', 'two']);
  });

  it('do not matter any more when the call is over', async () => {
    const gate = signalled();
    await using served = await servePodInfo({ pushLogs: async () => ({ acceptedLines: 7n }) });
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    async function* requests() {
      await gate.promise;
      yield {};
      throw new Error('too late');
    }
    expect((await served.podinfo.pushLogs(requests())).acceptedLines).toBe(7n);
    gate.resolve();
    await delay(10);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('the iterator of requests', () => {
  it('is told to stop at once when the call ends, though it waits for its next message', async () => {
    await using served = await servePodInfo({ pushLogs: async () => ({ acceptedLines: 1n }) });
    const requests = iterableOf(
      () => new Promise(() => {}),
      async () => ({ value: undefined, done: true }),
    );
    expect((await served.podinfo.pushLogs(requests)).acceptedLines).toBe(1n);
    expect(requests.return).toHaveBeenCalledOnce();
  });

  it.each([
    ['hangs', () => new Promise(() => {})],
    ['throws', () => Promise.reject(new Error('x'))],
    ['throws at once', () => JSON.parse('{')],
    ['is no promise', () => 5],
  ])('may have a return that %s', async (_, returns) => {
    await using served = await servePodInfo({ pushLogs: async () => ({ acceptedLines: 1n }) });
    let count = 0;
    const requests = iterableOf(async () => ({ value: { line: `${count++}` }, done: false }), returns);
    expect((await served.podinfo.pushLogs(requests)).acceptedLines).toBe(1n);
    expect(requests.return).toHaveBeenCalledOnce();
    expect((await served.podinfo.describe({ text: 'next' })).reply).toMatch(/^next/);
  });

  it('is not asked for a message of a call that never began', async () => {
    await using served = await servePodInfo();
    const requests = iterableOf(
      async () => ({ value: { line: '' }, done: false }),
      async () => ({ value: undefined, done: true }),
    );
    await rejection(served.podinfo.pushLogs(requests, { signal: AbortSignal.abort() }));
    await rejection(served.podinfo.pushLogs(requests, { timeoutMs: 0 }));
    expect(requests.next).not.toHaveBeenCalled();
    expect(requests.return).toHaveBeenCalledTimes(2);
  });

  it('is not told to stop after its own end', async () => {
    await using served = await servePodInfo();
    const requests = iterableOf(
      async () => ({ value: undefined as never, done: true }),
      async () => ({ value: undefined, done: true }),
    );
    await served.podinfo.pushLogs(requests);
    expect(requests.next).toHaveBeenCalledOnce();
    expect(requests.return).not.toHaveBeenCalled();
  });

  it('may be that of events or of a stream, which lose their listeners with the call', async () => {
    await using served = await servePodInfo({
      async pushLogs(requests) {
        for await (const _ of requests) break;
        return { acceptedLines: 1n };
      },
    });
    const emitter = new EventEmitter();
    async function* lines() {
      for await (const [line] of on(emitter, 'line')) yield { line };
    }
    const call = served.podinfo.pushLogs(lines());
    await until(() => emitter.listenerCount('line') === 1);
    emitter.emit('line', 'first');
    await call;
    emitter.emit('line', 'second');
    await until(() => emitter.listenerCount('line') === 0);

    const stream = new PassThrough({ objectMode: true });
    stream.write({ line: 'x' });
    await served.podinfo.pushLogs(stream);
    stream.write({ line: 'y' });
    await until(() => stream.destroyed);
  });

  it('is read no further than one message before there is a connection', async () => {
    await using served = await servePodInfo({}, { channel: { waitForReady: true } });
    await served.server.shutdown();
    const controller = new AbortController();
    let count = 0;
    const requests = iterableOf(
      async () => ({ value: { line: `${count++}` }, done: false }),
      async () => ({ value: undefined, done: true }),
    );
    const call = rejection(served.podinfo.pushLogs(requests, { signal: controller.signal }));
    await delay(20);
    expect(requests.next).toHaveBeenCalledOnce();
    controller.abort();
    await call;
  });
});
