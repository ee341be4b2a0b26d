import assert from 'node:assert/strict';
import type { StreamingOutputCallRequest } from '../../gen/grpc/testing/messages.js';
import { cases as interop } from '../interop/peers/typescript/cases.js';
import { Duplex } from '../interop/peers/typescript/duplex.js';
import { Outbox } from '../interop/peers/typescript/outbox.js';
import type { Pairs, ReceivedMetadata, TestClient } from '../interop/peers/typescript/test-client.js';

/** Rejects when something is not as it must be. `connect` makes one more channel. */
export type ConformanceCase = (client: TestClient, connect: () => TestClient) => Promise<void>;

const soakIterations = 50;
const code = { cancelled: 1, unknown: 2, deadlineExceeded: 4 };
const initialKey = 'x-grpc-test-echo-initial';
const trailingKey = 'x-grpc-test-echo-trailing-bin';
const large = { responseSize: 314159, payload: { body: Buffer.alloc(271828) } };
const { empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream } = interop;
const { unimplemented_method, unimplemented_service } = interop;

/** grpc's interop-test-descriptions.md, by its names; what the servers of test/interop can do beyond it is not used. */
export const cases: Readonly<Record<string, ConformanceCase>> = {
  ...{ empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream },
  ...{ unimplemented_method, unimplemented_service },

  async timeout_on_sleeping_server(client) {
    const requests = new Outbox<Partial<StreamingOutputCallRequest>>();
    requests.push({ payload: { type: 0, body: Buffer.alloc(27182) } });
    const responses = client.fullDuplexCall(requests, { timeoutMs: 1 })[Symbol.asyncIterator]();
    assert.equal(await failure(client, responses.next()), code.deadlineExceeded);
  },

  async cancel_after_begin(client) {
    const controller = new AbortController();
    const call = client.streamingInputCall(new Outbox(), { signal: controller.signal });
    controller.abort();
    assert.equal(await failure(client, call), code.cancelled);
  },

  async cancel_after_first_response(client) {
    const controller = new AbortController();
    const duplex = new Duplex(client, { signal: controller.signal });
    await duplex.exchange(27182, 31415);
    controller.abort();
    assert.equal(await failure(client, duplex.next()), code.cancelled);
  },

  async custom_metadata(client) {
    const value = 'test_initial_metadata_value';
    const bytes = Buffer.from([0xab, 0xab, 0xab]);
    const metadata: Pairs = [
      [initialKey, value],
      [trailingKey, bytes],
    ];
    let header: ReceivedMetadata | undefined;
    let trailer: ReceivedMetadata | undefined;
    const options = {
      metadata,
      onHeader: (received: ReceivedMetadata) => {
        header = received;
      },
      onTrailer: (received: ReceivedMetadata) => {
        trailer = received;
      },
    };
    const check = () => {
      assert.deepEqual(header?.getAll(initialKey), [value]);
      const trailing = trailer?.getAll(trailingKey).map((octets) => Buffer.from(octets as Uint8Array));
      assert.deepEqual(trailing, [bytes]);
      header = trailer = undefined;
    };
    await client.unaryCall(large, options);
    check();
    const duplex = new Duplex(client, options);
    await duplex.exchange(271828, 314159);
    await duplex.finish();
    check();
  },

  async status_code_and_message(client) {
    const status = { code: code.unknown, message: 'test status message' };
    await expectStatus(client, client.unaryCall({ responseStatus: status }), status);
    const requests = new Outbox<Partial<StreamingOutputCallRequest>>();
    requests.push({ responseStatus: status });
    requests.end();
    await expectStatus(client, client.fullDuplexCall(requests)[Symbol.asyncIterator]().next(), status);
  },

  async special_status_message(client) {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    const status = { code: code.unknown, message };
    await expectStatus(client, client.unaryCall({ responseStatus: status }), status);
  },

  async rpc_soak(client) {
    for (let count = 0; count < soakIterations; count++) await large_unary!(client);
  },

  async channel_soak(_client, connect) {
    for (let count = 0; count < soakIterations; count++) {
      const client = connect();
      await large_unary!(client);
      await client.close();
    }
  },

  // How the messages were sent is seen on the wire, see `compressionOf` in interop-matrix.ts.

  async client_compressed_unary(client) {
    for (const value of [true, false]) {
      const compression = value ? 'gzip' : 'identity';
      const response = await client.unaryCall({ ...large, expectCompressed: { value } }, { compression });
      assert.equal(response.payload?.body.length, 314159);
    }
  },

  async server_compressed_unary(client) {
    for (const value of [true, false]) {
      const response = await client.unaryCall({ ...large, responseCompressed: { value } });
      assert.equal(response.payload?.body.length, 314159);
    }
  },

  async server_compressed_streaming(client) {
    const responseParameters = [
      { size: 31415, compressed: { value: true } },
      { size: 92653, compressed: { value: false } },
    ];
    const sizes: (number | undefined)[] = [];
    for await (const { payload } of client.streamingOutputCall({ responseParameters }))
      sizes.push(payload?.body.length);
    assert.deepEqual(sizes, [31415, 92653]);
  },
};

interface Status {
  readonly code: number;
  readonly message: string;
}

/** Resolves to the status with which a call fails. */
async function statusOf(client: TestClient, call: Promise<unknown>): Promise<Status> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error !== undefined, 'the call succeeded');
  return client.statusOf(error);
}

async function failure(client: TestClient, call: Promise<unknown>): Promise<number> {
  return (await statusOf(client, call)).code;
}

async function expectStatus(client: TestClient, call: Promise<unknown>, expected: Status): Promise<void> {
  const { code, message } = await statusOf(client, call);
  assert.deepEqual({ code, message }, expected);
}
