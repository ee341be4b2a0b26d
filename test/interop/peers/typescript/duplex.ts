import assert from 'node:assert/strict';
import type {
  DeepPartial,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from '../../../../gen/grpc/testing/messages.js';
import { Outbox } from './outbox.js';
import type { CallOptions, TestClient } from './test-client.js';

/** A FullDuplexCall in which client and server take turns. */
export class Duplex {
  readonly #requests = new Outbox<DeepPartial<StreamingOutputCallRequest>>();
  readonly #responses: AsyncIterator<StreamingOutputCallResponse>;

  constructor(client: TestClient, options: CallOptions = {}) {
    this.#responses = client.fullDuplexCall(this.#requests, options)[Symbol.asyncIterator]();
  }

  async exchange(requestSize: number, responseSize: number): Promise<void> {
    this.#requests.push({
      responseParameters: [{ size: responseSize }],
      payload: { body: Buffer.alloc(requestSize) },
    });
    const { value } = await this.#responses.next();
    assert.equal(value?.payload?.body.length, responseSize, 'payload');
  }

  next(): Promise<IteratorResult<StreamingOutputCallResponse>> {
    return this.#responses.next();
  }

  async finish(): Promise<void> {
    this.#requests.end();
    assert.equal((await this.#responses.next()).done, true, 'end');
  }
}
