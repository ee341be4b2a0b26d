import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import type { CallInterceptor } from '../../../src/csi/observe/call-interceptor.js';
import { observeCall } from '../../../src/csi/observe/observe-call.js';
import { Code, codeName, createClient, createServer, RpcError } from '../../../src/index.js';
import { compileService } from '../../../src/rpc/compile-service.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

/** Notes each message by its first field, and the name of the code at the end. */
function observing() {
  const seen: unknown[] = [];
  const note = (direction: string) => (message: unknown) =>
    seen.push(`${direction} ${Object.values(message as object)[0]}`);
  let ended = (): void => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const interceptor: CallInterceptor = (next) => (request) =>
    observeCall(next, request, {
      onRequest: note('request'),
      onResponse: note('response'),
      onEnd: (error) => {
        seen.push(codeName(error?.code ?? Code.OK));
        ended();
      },
    });
  return { seen, interceptor, end };
}

function start() {
  const server = observing();
  const client = observing();
  const podwire = createServer({ interceptors: [server.interceptor], onHandlerError: () => {} });
  podwire.add(PodInfoDefinition, {
    async describe({ text }, { signal }) {
      if (text === 'throw') throw new Error('hush');
      if (text === 'wait') await once(signal, 'never', { signal });
      return { reply: text };
    },
    async *watch(_, { signal }) {
      yield { sequence: 1 };
      await once(signal, 'never', { signal });
    },
    async pushLogs(entries) {
      let accepted = 0;
      for await (const _ of entries) accepted++;
      return { accepted } as never;
    },
    async *exchange(commands) {
      for await (const { id } of commands) {
        if (Number(id) === 3) return;
        yield { id };
      }
    },
  });
  const podinfo = createClient(
    PodInfoDefinition,
    createInProcessChannel(podwire, { interceptors: [client.interceptor] }),
  );
  return { podinfo, server, client };
}

describe('an observed call', () => {
  it('is told with its messages and its end, on both sides', async () => {
    const { podinfo, server, client } = start();
    await podinfo.describe({ text: 'a' });
    expect(client.seen).toEqual(['request a', 'response a', 'OK']);
    expect(server.seen).toEqual(['request a', 'response a', 'OK']);
  });

  it('fails as the side that looks at it knows it', async () => {
    const { podinfo, server, client } = start();
    await expect(podinfo.describe({ text: 'throw' })).rejects.toThrow('UNKNOWN');
    expect(client.seen).toEqual(['request throw', 'UNKNOWN']);
    expect(server.seen).toEqual(['request throw', 'UNKNOWN']);
  });

  it('is over its deadline on both sides, whoever notices first', async () => {
    const { podinfo, server, client } = start();
    await expect(podinfo.describe({ text: 'wait' }, { timeoutMs: 1_000 })).rejects.toThrow('DEADLINE_EXCEEDED');
    await server.end;
    expect(client.seen).toEqual(['request wait', 'DEADLINE_EXCEEDED']);
    expect(server.seen).toEqual(['request wait', expect.stringMatching(/^(DEADLINE_EXCEEDED|CANCELLED)$/)]);
  });

  it('that its handler broke off when asked to is over for the reason in its context', async () => {
    const [method] = compileService(PodInfoDefinition);
    const signal = AbortSignal.abort(new RpcError(Code.DEADLINE_EXCEEDED, 'too late'));
    const request = { method: method!, message: {}, context: { signal } };
    const codes: (Code | undefined)[] = [];
    const next = () => once(new EventTarget(), 'never', { signal }) as never;
    const call = observeCall(next, request, { onEnd: (error) => codes.push(error?.code) });
    await expect(call).rejects.toThrow('aborted');
    expect(codes).toEqual([Code.DEADLINE_EXCEEDED]);
  });
});

describe('an observed stream', () => {
  it('of requests is told message by message; it may be any iterable', async () => {
    const { podinfo, server, client } = start();
    await podinfo.pushLogs([{ line: 'a' }, { line: 'b' }]);
    expect(client.seen).toHaveLength(4);
    expect(server.seen).toHaveLength(4);
    expect(server.seen.at(-1)).toBe('OK');
  });

  it('in both directions ends when the responses do', async () => {
    const { podinfo, server, client } = start();
    const answers = [];
    for await (const { id } of podinfo.exchange([{ id: 1 }, { id: 2 }, { id: 3 }])) answers.push(Number(id));
    expect(answers).toEqual([1, 2]);
    for (const { seen } of [server, client]) {
      expect(seen.filter((line) => String(line).startsWith('response'))).toEqual(['response 1', 'response 2']);
      expect(seen.at(-1)).toBe('OK');
    }
  });

  it('that its reader leaves is cancelled, on both sides and once', async () => {
    const { podinfo, server, client } = start();
    for await (const _ of podinfo.watch({})) break;
    await server.end;
    expect(client.seen.slice(1)).toEqual(['response 1', 'CANCELLED']);
    expect(server.seen.slice(1)).toEqual(['response 1', 'CANCELLED']);
  });

  it('over its deadline says so on both sides', async () => {
    const { podinfo, server, client } = start();
    const readAll = async () => {
      for await (const _ of podinfo.watch({}, { timeoutMs: 1_000 }));
    };
    await expect(readAll()).rejects.toThrow('DEADLINE_EXCEEDED');
    await server.end;
    expect(client.seen.slice(1)).toEqual(['response 1', 'DEADLINE_EXCEEDED']);
    expect(server.seen.slice(1)).toEqual(['response 1', expect.stringMatching(/^(DEADLINE_EXCEEDED|CANCELLED)$/)]);
  });
});
