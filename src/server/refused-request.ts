import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamHandler } from '../http2/stream-handler.js';
import { type RequestRefusal, refusalHeader } from '../rpc/request-refusal.js';

/** Octets of a refused request's body that are taken before the client is asked to stop. */
const TOLERATED = 64 * 1024;

/**
 * A request that is not gRPC: answers it at once, in plain HTTP, and throws the rest of it away.
 *
 * Only a client that goes on sending is asked to stop (RFC 9113 section 8.1), and any fault in the rest is still told:
 * many HTTP clients take a RST_STREAM behind a complete answer for a failure and lose the answer, which is there to be read.
 */
export class RefusedRequest implements StreamHandler {
  readonly #stream: Http2Stream;
  #tolerated = TOLERATED;

  constructor(stream: Http2Stream, refusal: RequestRefusal) {
    this.#stream = stream;
    stream.handler = this;
    stream.sendHeaders(refusalHeader(refusal), false);
    stream.sendData(Buffer.from(`${refusal.message}\n`), true);
  }

  /** Asks the client not to send on; nothing waits for the end of the request then. */
  stop(): void {
    if (this.#stream.localClosed) this.#stream.reset(ErrorCode.NO_ERROR);
    else this.#stream.resetWhenSent = true;
  }

  onHeaders(_stream: Http2Stream, _fields: HeaderFields, _endStream: boolean): void {}

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    stream.release(payload.length);
    this.#tolerated -= payload.length;
    if (this.#tolerated < 0 && !endStream) this.stop();
  }

  onWritable(): void {}

  onFailure(): void {}
}
