import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Status as StatusMessage } from '../../../../gen/google/rpc/status.js';
import type { DeepPartial, StreamingOutputCallRequest } from '../../../../gen/grpc/testing/messages.js';
import { asked } from './asked.js';
import { Duplex } from './duplex.js';
import { Outbox } from './outbox.js';
import type { CallOptions, Pairs, ReceivedMetadata, Status, TestClient } from './test-client.js';

/** Longer than any deadline here. */
const neverMs = 20_000;
/** On a busy machine the time may be over before the server has heard of the call: then the next one is tried. */
const deadlinesMs = [100, 1_000, 5_000];
const kinds = ['unary', 'client_stream', 'server_stream', 'duplex'] as const;
type Kind = (typeof kinds)[number];
/** Numbers of google.rpc.Code. */
const code = { cancelled: 1, unknown: 2, deadlineExceeded: 4, failedPrecondition: 9, unimplemented: 12 };

const payload = (size: number) => ({ body: Buffer.alloc(size) });

function outputRequest(...sizes: number[]): DeepPartial<StreamingOutputCallRequest> {
  return { responseParameters: sizes.map((size) => ({ size })) };
}

function waitingRequest(...firstSizes: number[]): DeepPartial<StreamingOutputCallRequest> {
  const parameters = [...firstSizes.map((size) => ({ size })), { size: 1, intervalUs: neverMs * 1000 }];
  return { responseParameters: parameters };
}

async function* each<T>(...values: T[]): AsyncGenerator<T> {
  yield* values;
}

async function drain(responses: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of responses) {
    // Only the end matters.
  }
}

async function unary(client: TestClient, requestSize: number, responseSize: number, options?: CallOptions) {
  const response = await client.unaryCall({ responseSize, payload: payload(requestSize) }, options);
  assert.equal(response.payload?.body.length, responseSize, 'payload');
}

async function failure(client: TestClient, call: Promise<unknown>): Promise<Status> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error !== undefined, 'the call succeeded');
  return client.statusOf(error);
}

/** A call of one kind that does not end by itself. */
function endless(client: TestClient, kind: Kind, options: CallOptions): Promise<unknown> {
  switch (kind) {
    case 'unary':
      return client.unaryCall({}, { ...options, metadata: [...(options.metadata ?? []), [asked.delay, `${neverMs}`]] });
    case 'client_stream':
      return client.streamingInputCall(new Outbox(), options);
    case 'server_stream':
      return drain(client.streamingOutputCall(waitingRequest(), options));
    case 'duplex':
      return drain(client.fullDuplexCall(new Outbox(), options));
  }
}

async function awaitEvent(client: TestClient, event: string): Promise<void> {
  try {
    await client.emptyCall({}, { timeoutMs: 5_000, metadata: [[asked.await, event]] });
  } catch (error) {
    throw new Error(`waiting for "${event}"`, { cause: error });
  }
}

async function failWith(client: TestClient, message: string): Promise<void> {
  const responseStatus = { code: code.unknown, message };
  const expected = { code: code.unknown, message, details: [] };
  const output = { ...outputRequest(1), responseStatus };
  assert.deepEqual(await failure(client, client.unaryCall({ responseStatus })), expected, 'unary');
  assert.deepEqual(await failure(client, drain(client.streamingOutputCall(output))), expected, 'server_stream');
  assert.deepEqual(await failure(client, drain(client.fullDuplexCall(each({ responseStatus })))), expected, 'duplex');
}

/** Each rejects when something is not as it must be. */
export const cases: Readonly<Record<string, (client: TestClient) => Promise<void>>> = {
  async empty_unary(client) {
    assert.deepEqual(await client.emptyCall({}), {});
  },

  large_unary: (client) => unary(client, 271828, 314159),

  async client_streaming(client) {
    const requests = [27182, 8, 1828, 45904].map((size) => ({ payload: payload(size) }));
    assert.equal((await client.streamingInputCall(each(...requests))).aggregatedPayloadSize, 74922);
  },

  async server_streaming(client) {
    const sizes = [31415, 9, 2653, 58979];
    const received: (number | undefined)[] = [];
    for await (const response of client.streamingOutputCall(outputRequest(...sizes))) {
      received.push(response.payload?.body.length);
    }
    assert.deepEqual(received, sizes);
  },

  async ping_pong(client) {
    const duplex = new Duplex(client);
    await duplex.exchange(27182, 31415);
    await duplex.exchange(8, 9);
    await duplex.exchange(1828, 2653);
    await duplex.exchange(45904, 58979);
    await duplex.finish();
  },

  async empty_stream(client) {
    assert.equal((await client.fullDuplexCall(each())[Symbol.asyncIterator]().next()).done, true);
  },

  async timeout(client) {
    for (const kind of kinds) {
      for (const timeoutMs of deadlinesMs) {
        const id = randomUUID();
        const status = await failure(client, endless(client, kind, { timeoutMs, metadata: [[asked.call, id]] }));
        assert.equal(status.code, code.deadlineExceeded, kind);
        const begun = await awaitEvent(client, `begun ${id}`).then(
          () => true,
          () => false,
        );
        if (!begun && timeoutMs !== deadlinesMs.at(-1)) continue;
        await awaitEvent(client, `ended ${id}`);
        break;
      }
    }
  },

  async cancel_after_begin(client) {
    for (const kind of kinds) {
      const id = randomUUID();
      const controller = new AbortController();
      const call = endless(client, kind, { signal: controller.signal, metadata: [[asked.call, id]] });
      const status = failure(client, call);
      await awaitEvent(client, `begun ${id}`);
      controller.abort();
      assert.equal((await status).code, code.cancelled, kind);
      await awaitEvent(client, `ended ${id}`);
    }
  },

  async cancel_after_first_response(client) {
    for (const kind of ['server_stream', 'duplex'] as const) {
      const id = randomUUID();
      const controller = new AbortController();
      const options: CallOptions = { signal: controller.signal, metadata: [[asked.call, id]] };
      const responses =
        kind === 'duplex'
          ? client.fullDuplexCall(each(waitingRequest(31415)), options)
          : client.streamingOutputCall(waitingRequest(31415), options);
      const iterator = responses[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).value?.payload?.body.length, 31415, kind);
      controller.abort();
      assert.equal((await failure(client, iterator.next())).code, code.cancelled, kind);
      await awaitEvent(client, `ended ${id}`);
    }
  },

  async custom_metadata(client) {
    const initial = ['test_initial_metadata_value', 'a second one'];
    const trailing = [Uint8Array.of(0xab, 0xab, 0xab), Uint8Array.of(0, 0xff, 0x2c, 0x0a)];
    const metadata: Pairs = [
      ...initial.map((value) => [asked.echoInitial, value] as const),
      ...trailing.map((value) => [asked.echoTrailing, value] as const),
    ];
    const calls: Record<Kind, (options: CallOptions) => Promise<unknown>> = {
      unary: (options) => unary(client, 1, 1, options),
      client_stream: (options) => client.streamingInputCall(each(), options),
      server_stream: (options) => drain(client.streamingOutputCall(outputRequest(1), options)),
      duplex: (options) => drain(client.fullDuplexCall(each(outputRequest(1)), options)),
    };
    for (const kind of kinds) {
      let header: ReceivedMetadata | undefined;
      let trailer: ReceivedMetadata | undefined;
      await calls[kind]({
        metadata,
        onHeader: (received) => {
          header = received;
        },
        onTrailer: (received) => {
          trailer = received;
        },
      });
      // RFC 9110 section 5.3: a list may arrive as several fields or as one, joined with a comma.
      const joined = header?.getAll(asked.echoInitial).join(',').replaceAll(', ', ',');
      assert.equal(joined, initial.join(','), `${kind} header`);
      const bytes = trailer?.getAll(asked.echoTrailing).map((value) => Array.from(value as Uint8Array));
      assert.deepEqual(
        bytes,
        trailing.map((value) => Array.from(value)),
        `${kind} trailer`,
      );
    }
  },

  status_code_and_message: (client) => failWith(client, 'test status message'),

  special_status_message: (client) =>
    failWith(client, '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 and 100 %\t\n'),

  async unimplemented_method(client) {
    assert.equal((await failure(client, client.unimplementedCall({}))).code, code.unimplemented);
  },

  async unimplemented_service(client) {
    assert.equal((await failure(client, client.unimplementedService({}))).code, code.unimplemented);
  },

  async error_details(client) {
    // google.rpc.ErrorInfo: reason, domain.
    const value = Buffer.concat([Buffer.from('\n\x0bVOLUME_BUSY'), Buffer.from('\x12\x0cpodwire.test')]);
    const detail = { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value };
    const wanted = { code: code.failedPrecondition, message: 'the volume is busy', details: [detail] };
    const metadata: Pairs = [[asked.status, StatusMessage.encode(StatusMessage.fromPartial(wanted)).finish()]];
    for (const kind of kinds) {
      const call = kind === 'unary' ? client.unaryCall({}, { metadata }) : endless(client, kind, { metadata });
      const got = await failure(client, call);
      const details = got.details.map((one) => ({ typeUrl: one.typeUrl, value: Buffer.from(one.value) }));
      assert.deepEqual({ ...got, details }, wanted, kind);
    }
  },

  async gzip(client) {
    const gzip: CallOptions = { compression: 'gzip' };
    const yes = { value: true };
    const no = { value: false };
    const sizes = { responseSize: 314159, payload: payload(271828) };
    const compressed = await client.unaryCall({ ...sizes, expectCompressed: yes, responseCompressed: yes }, gzip);
    assert.equal(compressed.payload?.body.length, 314159);
    const identity: CallOptions = { compression: 'identity' };
    const plain = await client.unaryCall({ ...sizes, expectCompressed: no, responseCompressed: no }, identity);
    assert.equal(plain.payload?.body.length, 314159);
    const request = { expectCompressed: yes, payload: payload(27182) };
    const sum = await client.streamingInputCall(each(request, request, request), gzip);
    assert.equal(sum.aggregatedPayloadSize, 3 * 27182);
    const duplex = new Duplex(client, gzip);
    await duplex.exchange(27182, 31415);
    await duplex.exchange(8, 9);
    await duplex.finish();
  },

  async large_message(client) {
    const size = 3 * 1024 * 1024;
    await unary(client, size, size);
    const duplex = new Duplex(client);
    await duplex.exchange(size, size);
    await duplex.exchange(size, size);
    await duplex.finish();
  },

  async concurrent_calls(client) {
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        index % 4 === 0 ? cases.ping_pong!(client) : unary(client, 100, 1000 + index),
      ),
    );
  },
};
