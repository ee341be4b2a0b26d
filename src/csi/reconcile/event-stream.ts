/** What one reader may leave unread. */
const LONGEST_BACKLOG = 10_000;

interface Reader<Event> {
  readonly backlog: Event[];
  wake: (() => void) | undefined;
}

/** Hands events to any number of readers, each at its own pace. */
export class EventStream<Event> {
  readonly #readers = new Set<Reader<Event>>();
  #closed = false;

  publish(event: Event): void {
    for (const reader of this.#readers) {
      if (reader.backlog.length <= LONGEST_BACKLOG) reader.backlog.push(event);
      reader.wake?.();
    }
  }

  /** The events from this call on. It ends with the stream, and by the signal. Throws RangeError for a reader that is too slow. */
  read(signal?: AbortSignal): AsyncGenerator<Event, void, void> {
    const reader: Reader<Event> = { backlog: [], wake: undefined };
    this.#readers.add(reader);
    return this.#events(reader, signal);
  }

  close(): void {
    this.#closed = true;
    for (const { wake } of this.#readers) wake?.();
  }

  async *#events(reader: Reader<Event>, signal: AbortSignal | undefined): AsyncGenerator<Event, void, void> {
    const onAbort = () => reader.wake?.();
    signal?.addEventListener('abort', onAbort);
    try {
      while (!signal?.aborted) {
        if (reader.backlog.length > LONGEST_BACKLOG) {
          throw new RangeError(`more than ${LONGEST_BACKLOG} events were not read: read them as they come`);
        }
        for (const event of reader.backlog.splice(0)) {
          if (signal?.aborted) return;
          yield event;
        }
        if (reader.backlog.length > 0) continue;
        if (this.#closed) return;
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
        reader.wake = undefined;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#readers.delete(reader);
    }
  }
}
