import { FrameReader, type FrameSink } from '../../src/http2/frame-reader.js';
import { MessageAssembler } from '../../src/rpc/message-assembler.js';
import type { Observer } from './byte-bridge.js';

const anySize = { maxFrameSize: 2 ** 24 - 1, maxHeaderBlock: 2 ** 24 - 1 };

/** Tells of the gRPC messages that one side of a connection sends whether their compressed flags are set. */
export class MessageObserver implements Observer, FrameSink {
  readonly #side: 'requests' | 'responses';
  readonly #flags: boolean[];
  readonly #reader: FrameReader;
  readonly #streams = new Map<number, MessageAssembler>();
  #current = 0;

  /** @param flags is added to, in the order of the messages. */
  constructor(side: 'requests' | 'responses', flags: boolean[]) {
    this.#side = side;
    this.#flags = flags;
    this.#reader = new FrameReader({ preface: side === 'requests', ...anySize }, this);
  }

  asked(chunk: Uint8Array): void {
    if (this.#side === 'requests') this.#reader.read(chunk, 0);
  }

  answered(chunk: Uint8Array): void {
    if (this.#side === 'responses') this.#reader.read(chunk, 0);
  }

  onDataFrame(id: number): void {
    this.#current = id;
    if (!this.#streams.has(id)) this.#streams.set(id, new MessageAssembler(Number.MAX_SAFE_INTEGER));
  }

  onDataPayload(payload: Uint8Array): void {
    this.#streams.get(this.#current)?.push(payload, (_message, compressed) => this.#flags.push(compressed));
  }

  onDataPadding(): void {}
  onHeaderBlock(): void {}
  onFrame(): void {}
  onUnknownFrame(): void {}
}
