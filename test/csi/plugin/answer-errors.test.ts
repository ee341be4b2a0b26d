import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ControllerDefinition, SnapshotMetadataDefinition } from '../../../gen/csi/v1/csi.js';
import { RetryInfo } from '../../../gen/google/rpc/error_details.js';
import { answerErrors } from '../../../src/csi/plugin/answer-errors.js';
import { Code, createClient, createServer, packDetail, RpcError, type ServerContext } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

/** A server whose handlers do as they are told, and what it reported. */
function start(act: (context: ServerContext) => unknown) {
  const reported: [unknown, string][] = [];
  const server = createServer({
    interceptors: [answerErrors((error, { fullName }) => reported.push([error, fullName]))],
    onHandlerError: () => expect.fail('the server saw what was not answered'),
  });
  server.addPartial(ControllerDefinition, {
    deleteVolume: async (_request, context) => {
      await act(context);
      return {};
    },
  });
  server.addPartial(SnapshotMetadataDefinition, {
    async *getMetadataAllocated(_request, context) {
      yield { volumeCapacityBytes: 1n };
      await act(context);
    },
  });
  const channel = createInProcessChannel(server);
  const controller = createClient(ControllerDefinition, channel);
  const metadata = createClient(SnapshotMetadataDefinition, channel);
  return { controller, metadata, reported };
}

async function failure(promise: Promise<unknown>): Promise<RpcError> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: RpcError) => error,
  );
}

const details = [packDetail('google.rpc.RetryInfo', RetryInfo, { retryDelay: { seconds: 1n } })];

describe('answerErrors', () => {
  it('lets through what CSI allows, with its metadata', async () => {
    const thrown = new RpcError(Code.NOT_FOUND, 'there is no v1', { metadata: { hint: 'look elsewhere' } });
    const { controller, reported } = start(() => Promise.reject(thrown));
    const error = await failure(controller.deleteVolume({}));
    expect(error).toMatchObject({ code: Code.NOT_FOUND, statusMessage: 'there is no v1' });
    expect(error.metadata.get('hint')).toBe('look elsewhere');
    expect(reported).toEqual([]);
  });

  it('takes the details from a status, and nothing else', async () => {
    const thrown = new RpcError(Code.UNAVAILABLE, 'the array is down', { details, metadata: { hint: 'later' } });
    const { controller } = start(() => Promise.reject(thrown));
    const error = await failure(controller.deleteVolume({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, statusMessage: 'the array is down', details: [] });
    expect(error.metadata.get('hint')).toBe('later');
  });

  it('does not pass on what another server answered to this plugin', async () => {
    const foreign = new RpcError(Code.PERMISSION_DENIED, 'not here', {
      ...{ details, metadata: { token: 'hush' }, method: 'storage.v1.Array/Delete' },
    });
    const { controller } = start(() => Promise.reject(foreign));
    const error = await failure(controller.deleteVolume({}));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, statusMessage: 'not here', details: [] });
    expect(error.metadata.get('token')).toBeUndefined();
  });

  it('has a message for every error, and no success that is one', async () => {
    const silent = start(() => Promise.reject(new RpcError(Code.ABORTED, '')));
    expect(await failure(silent.controller.deleteVolume({}))).toMatchObject({
      ...{ code: Code.ABORTED, statusMessage: 'ABORTED' },
    });
    const odd = start(() => Promise.reject(new RpcError(Code.OK, 'fine')));
    expect(await failure(odd.controller.deleteVolume({}))).toMatchObject({ code: Code.INTERNAL });
  });

  it.each<[string, unknown]>([
    ['an error', new Error('ENOENT /var/lib/secret')],
    [
      'an error of another library',
      Object.assign(new Error('/var/lib/secret'), { code: Code.NOT_FOUND, details: 'x' }),
    ],
    ['a text', '/var/lib/secret'],
    ['nothing', undefined],
    // Its own, not because the caller has gone.
    ['an abort of its own', new DOMException('/var/lib/secret', 'AbortError')],
  ])('answers INTERNAL for %s, and reports it', async (_, thrown) => {
    const { controller, metadata, reported } = start(() => Promise.reject(thrown));
    const error = await failure(controller.deleteVolume({}));
    expect(error).toMatchObject({ code: Code.INTERNAL, statusMessage: 'the plugin failed; its log has the details' });
    expect(JSON.stringify([...error.metadata])).not.toContain('secret');
    expect(reported).toEqual([[thrown, 'csi.v1.Controller/DeleteVolume']]);

    const messages = metadata.getMetadataAllocated({})[Symbol.asyncIterator]();
    expect((await messages.next()).value).toMatchObject({ volumeCapacityBytes: 1n });
    expect(await failure(messages.next())).toMatchObject({ code: Code.INTERNAL });
    expect(reported[1]).toEqual([thrown, 'csi.v1.SnapshotMetadata/GetMetadataAllocated']);
  });

  it('does not report that a handler stopped when it was asked to', async () => {
    let stopped = (): void => {};
    const done = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const { controller, reported } = start(({ signal }) => delay(60_000, undefined, { signal }).finally(stopped));
    const error = await failure(controller.deleteVolume({}, { timeoutMs: 1_000 }));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await done;
    await turn();
    expect(reported).toEqual([]);
  });

  it('reports what goes wrong after the caller has gone', async () => {
    const { controller, reported } = start(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new Error('the disk is on fire');
    });
    const error = await failure(controller.deleteVolume({}, { timeoutMs: 1_000 }));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await expect.poll(() => reported).toHaveLength(1);
  });

  it('ends a stream that waits when its caller leaves', async () => {
    let ended = false;
    const server = createServer({ interceptors: [answerErrors(() => {})] });
    server.addPartial(SnapshotMetadataDefinition, {
      getMetadataAllocated: () => ({
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ value: { volumeCapacityBytes: 1n }, done: false }),
          return: async () => {
            ended = true;
            return { value: undefined, done: true };
          },
        }),
      }),
    });
    const metadata = createClient(SnapshotMetadataDefinition, createInProcessChannel(server));
    for await (const _ of metadata.getMetadataAllocated({})) break;
    await expect.poll(() => ended).toBe(true);
  });
});
