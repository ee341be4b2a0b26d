import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { collect, repeat, servePodInfo, signalled, until } from '../server/serve-podinfo.js';

describe('a stream of responses', () => {
  it('begins with the first message that is asked for, not before', async () => {
    let calls = 0;
    await using served = await servePodInfo({
      async *watch() {
        calls++;
        yield {};
      },
    });
    const stream = served.podinfo.watch({});
    await served.podinfo.describe({});
    expect(calls).toBe(0);
    await collect(stream);
    expect(calls).toBe(1);
  });

  it('can be iterated once', async () => {
    await using served = await servePodInfo();
    const stream = served.podinfo.watch({ sampleLimit: 3 });
    expect(await collect(stream)).toHaveLength(3);
    expect(await collect(stream)).toHaveLength(0);
  });

  it('answers reads that do not wait for each other in their order', async () => {
    await using served = await servePodInfo();
    const stream = served.podinfo.watch({ sampleLimit: 3 })[Symbol.asyncIterator]();
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => stream.next()));
    expect(results.map(({ value, done }) => (done ? 'end' : value.sequence))).toEqual([1n, 2n, 3n, 'end', 'end']);
  });

  it('fails the first of such reads, and is over for the others', async () => {
    await using served = await servePodInfo({
      async *watch() {
        yield { sequence: 1n };
        throw new RpcError(Code.DATA_LOSS, 'no more');
      },
    });
    const stream = served.podinfo.watch({})[Symbol.asyncIterator]();
    const [first, second, ...others] = [1, 2, 3, 4].map(() => stream.next());
    expect((await first)?.value).toMatchObject({ sequence: 1n });
    await expect(second).rejects.toMatchObject({ code: Code.DATA_LOSS });
    for (const result of await Promise.all(others)) expect(result).toEqual({ value: undefined, done: true });
  });

  it('lets a handler read its requests so, too', async () => {
    await using served = await servePodInfo({
      async pushLogs(requests) {
        const reader = requests[Symbol.asyncIterator]();
        const results = await Promise.all([1, 2, 3, 4].map(() => reader.next()));
        return { acceptedLines: results.filter(({ done }) => !done).length };
      },
    });
    expect(await served.podinfo.pushLogs(repeat(3, () => ({})))).toMatchObject({ acceptedLines: 3n });
  });

  it('is cancelled by break, whether messages wait or not', async () => {
    for (const sampleLimit of [1, 10_000, 0xffff_ffff]) {
      const ended = signalled();
      await using served = await servePodInfo({
        async *watch(request, { signal }) {
          signal.addEventListener('abort', () => ended.resolve());
          try {
            for (let sequence = 0n; sequence < request.sampleLimit; sequence++) yield { sequence };
            await new Promise(() => {});
          } finally {
            ended.resolve();
          }
        },
      });
      for await (const _ of served.podinfo.watch({ sampleLimit })) break;
      await ended.promise;
    }
  });

  it('does nothing when it is left before it began', async () => {
    let calls = 0;
    await using served = await servePodInfo({
      async *watch() {
        calls++;
        yield {};
      },
    });
    const iterator = served.podinfo.watch({})[Symbol.asyncIterator]();
    expect(await iterator.return?.()).toEqual({ value: undefined, done: true });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    await served.podinfo.describe({});
    expect(calls).toBe(0);
  });

  it('ends a read that waits when it is left', async () => {
    await using served = await servePodInfo({
      async *watch() {
        await new Promise(() => {});
        yield {};
      },
    });
    const iterator = served.podinfo.watch({})[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await delay(10);
    await iterator.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it('ends the call when nobody can read it any more', async () => {
    const collectGarbage = exposedGc();
    const aborted = signalled();
    await using served = await servePodInfo({
      async *watch(_, { signal }) {
        signal.addEventListener('abort', () => aborted.resolve());
        for (;;) yield {};
      },
    });
    await served.podinfo.watch({})[Symbol.asyncIterator]().next();
    const collecting = setInterval(collectGarbage, 20);
    await aborted.promise;
    clearInterval(collecting);
    await until(() => processReceiveBudget.held === 0);
  });

  it('takes credit for what was not read when it is left: other calls go on', async () => {
    await using served = await servePodInfo({
      watch: () => repeat(100, () => ({ sequence: 2n ** 63n })),
      async *exchange() {
        yield { outcome: { $case: 'output', value: 'x'.repeat(1_000_000) } };
      },
    });
    for (let round = 0; round < 100; round++) {
      for await (const _ of served.podinfo.exchange(repeat(0, () => ({})))) break;
      for await (const _ of served.podinfo.watch({})) break;
    }
    expect(await collect(served.podinfo.watch({}))).toHaveLength(100);
  });
});

/** A full garbage collection, which Node offers only behind a flag. */
function exposedGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
