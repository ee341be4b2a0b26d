import type { Connection } from '../transport/connector.js';
import { RelayedConnection, type RelayOptions } from './relayed-connection.js';

const SHUTTING_DOWN = 'the server is shutting down';

/** The connections of one listener. */
export class RelayedConnections {
  readonly #options: Omit<RelayOptions, 'onClosed'>;
  readonly #connections = new Set<RelayedConnection>();
  readonly #release: () => void;
  #draining = false;
  #noMore = false;
  #waiting: (() => void)[] = [];

  /** @param release called once, when the last connection is closed and no more will come. */
  constructor(options: Omit<RelayOptions, 'onClosed'>, release: () => void) {
    this.#options = options;
    this.#release = release;
  }

  add(connection: Connection): void {
    const onClosed = (closed: RelayedConnection): void => {
      this.#connections.delete(closed);
      this.#closeIfDone();
    };
    const added = new RelayedConnection(connection, { ...this.#options, onClosed });
    this.#connections.add(added);
    if (this.#draining) added.drain(SHUTTING_DOWN);
  }

  /** Nobody is let in any more. */
  noMore(): void {
    if (this.#noMore) return;
    this.#noMore = true;
    this.#closeIfDone();
  }

  /** Ends each connection when its open calls are done, also one that comes yet; resolves when all are closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const connection of this.#connections) connection.drain(SHUTTING_DOWN);
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #closeIfDone(): void {
    if (this.#connections.size > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
    if (this.#noMore) this.#release();
  }
}
