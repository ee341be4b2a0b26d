import { setTimeout as sleep } from 'node:timers/promises';
import { Status } from '../../../../gen/google/rpc/status.js';
import type { Empty } from '../../../../gen/grpc/testing/empty.js';
import type {
  DeepPartial,
  EchoStatus,
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from '../../../../gen/grpc/testing/messages.js';
import { asked } from './asked.js';
import type { Detail, ReceivedMetadata } from './test-client.js';

/** What a TypeScript library has to offer about a call on the server. */
export interface ServerCall {
  readonly metadata: ReceivedMetadata;
  readonly header: { append(key: string, value: string | Uint8Array): unknown };
  readonly trailer: { append(key: string, value: string | Uint8Array): unknown };
  readonly signal: AbortSignal;
  /** Of the responses; may be chosen before the first one. */
  compression: 'identity' | 'gzip';
}

/** Makes the library's own error. */
export type Fail = (code: number, message: string, details: readonly Detail[]) => Error;

interface Gate {
  opened: Promise<void>;
  open: () => void;
}

type Responses = AsyncGenerator<DeepPartial<StreamingOutputCallResponse>, void, void>;

/** grpc.testing.TestService, free of any library: handlers over messages and async iterables. */
export class TestService {
  readonly #fail: Fail;
  readonly #events = new Map<string, Gate>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  async emptyCall(_request: Empty, call: ServerCall): Promise<Empty> {
    for (const event of call.metadata.getAll(asked.await)) {
      await this.#gate(`${event}`).opened;
    }
    return {};
  }

  async unaryCall(request: SimpleRequest, call: ServerCall): Promise<DeepPartial<SimpleResponse>> {
    const end = this.#begin(call);
    try {
      await this.#obey(call);
      this.#failAs(request.responseStatus);
      call.compression = request.responseCompressed?.value ? 'gzip' : 'identity';
      return { payload: { body: Buffer.alloc(request.responseSize) } };
    } finally {
      end();
    }
  }

  async streamingInputCall(
    requests: AsyncIterable<StreamingInputCallRequest>,
    call: ServerCall,
  ): Promise<DeepPartial<StreamingInputCallResponse>> {
    const end = this.#begin(call);
    try {
      await this.#obey(call);
      let aggregatedPayloadSize = 0;
      for await (const request of requests) {
        aggregatedPayloadSize += request.payload?.body.length ?? 0;
      }
      return { aggregatedPayloadSize };
    } finally {
      end();
    }
  }

  async *streamingOutputCall(request: StreamingOutputCallRequest, call: ServerCall): Responses {
    const end = this.#begin(call);
    try {
      await this.#obey(call);
      yield* this.#answer(request, call);
    } finally {
      end();
    }
  }

  async *fullDuplexCall(requests: AsyncIterable<StreamingOutputCallRequest>, call: ServerCall): Responses {
    const end = this.#begin(call);
    try {
      await this.#obey(call);
      for await (const request of requests) {
        yield* this.#answer(request, call);
      }
    } finally {
      end();
    }
  }

  async *#answer(request: StreamingOutputCallRequest, call: ServerCall): Responses {
    for (const { size, intervalUs } of request.responseParameters) {
      if (intervalUs > 0) {
        await sleep(intervalUs / 1000, undefined, { signal: call.signal });
      }
      yield { payload: { body: Buffer.alloc(size) } };
    }
    this.#failAs(request.responseStatus);
  }

  #failAs(wanted: EchoStatus | undefined): void {
    if (wanted !== undefined && wanted.code !== 0) {
      throw this.#fail(wanted.code, wanted.message, []);
    }
  }

  /** Records that the call has begun; the answer records that its handler has ended. */
  #begin(call: ServerCall): () => void {
    const ids = call.metadata.getAll(asked.call);
    for (const id of ids) {
      this.#gate(`begun ${id}`).open();
    }
    return () => {
      for (const id of ids) {
        this.#gate(`ended ${id}`).open();
      }
    };
  }

  /** Does what the metadata asks. */
  async #obey(call: ServerCall): Promise<void> {
    for (const delay of call.metadata.getAll(asked.delay)) {
      await sleep(Number(delay), undefined, { signal: call.signal });
    }
    for (const encoded of call.metadata.getAll(asked.status)) {
      const { code, message, details } = Status.decode(encoded as Uint8Array);
      throw this.#fail(code, message, details);
    }
    for (const value of call.metadata.getAll(asked.echoInitial)) {
      call.header.append(asked.echoInitial, value);
    }
    for (const value of call.metadata.getAll(asked.echoTrailing)) {
      call.trailer.append(asked.echoTrailing, value);
    }
  }

  #gate(event: string): Gate {
    let gate = this.#events.get(event);
    if (gate === undefined) {
      let open = () => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      gate = { opened, open };
      this.#events.set(event, gate);
    }
    return gate;
  }
}
