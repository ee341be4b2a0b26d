import type { StreamFailure } from '../http2/stream-handler.js';

/** Octets of sent messages that are kept, so that a call which the server never saw can be made again. */
const REPLAY_LENGTH = 256 * 1024;

/** Milliseconds before each time. At once the first time (gRFC A6); a server that still refuses is given time to recover. */
const RETRY_WAITS = [0, 20, 100];

/** Told which messages are kept, and that they no longer are. */
interface Keeper<Message> {
  keep(message: Message): void;
  letGo(message: Message): void;
}

/** The messages of a call, until it has no need or no way any more to be made again: the server has begun to answer, say. */
export class Replay<Message> {
  #messages: Message[] | undefined = [];
  #length = 0;
  #retries = 0;
  readonly #keeper: Keeper<Message> | undefined;

  constructor(keeper?: Keeper<Message>) {
    this.#keeper = keeper;
  }

  /** Those to send when the call is placed, or placed again. */
  get messages(): readonly Message[] {
    return this.#messages ?? [];
  }

  get possible(): boolean {
    return this.#messages !== undefined;
  }

  /** @param sent whether the call is placed, so that the message need not be kept to be sent at all. */
  add(message: Message, length: number, sent: boolean): void {
    if (this.#messages === undefined) return;
    this.#keeper?.keep(message);
    this.#messages.push(message);
    this.#length += length;
    // The first message is kept whatever its size: it is the whole request of most methods.
    if (sent && this.#messages.length > 1 && this.#length > REPLAY_LENGTH) this.stop();
  }

  stop(): void {
    const messages = this.#messages;
    this.#messages = undefined;
    if (messages === undefined || this.#keeper === undefined) return;
    for (const message of messages) this.#keeper.letGo(message);
  }

  /**
   * Whether the call is to be made again, unseen by whoever made it.
   *
   * @returns the milliseconds to wait before, or undefined when it is not.
   */
  after(failure: StreamFailure): number | undefined {
    if (!failure.unprocessed || !this.possible || this.#retries >= RETRY_WAITS.length) return undefined;
    return (RETRY_WAITS[this.#retries++] as number) * (0.8 + 0.4 * Math.random());
  }
}
