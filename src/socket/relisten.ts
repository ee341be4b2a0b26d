import { setTimeout as delay } from 'node:timers/promises';
import type { ListeningServer } from './listening-server.js';
import { SocketError } from './socket-error.js';

/** Waits between tries, in ms: those of a client that reconnects. */
const BACKOFF = { first: 10, factor: 1.6, jitter: 0.2, longest: 1_000 };

/**
 * Calls `open` until it succeeds: a folder may come back, a limit be raised. Rejects when somebody else has the address
 * (EADDRINUSE), which is not taken from him, and when `signal` aborts. `onFailure` gets each kind of failure once.
 */
export async function relisten(
  open: () => Promise<ListeningServer>,
  signal: AbortSignal,
  onFailure: (error: Error) => void,
): Promise<ListeningServer> {
  const told = new Set<string>();
  for (let wait = BACKOFF.first; ; wait = Math.min(wait * BACKOFF.factor, BACKOFF.longest)) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof SocketError) || error.code === 'EADDRINUSE') throw error;
      if (!told.has(error.code)) onFailure(error);
      told.add(error.code);
    }
    const jittered = wait * (1 + BACKOFF.jitter * (2 * Math.random() - 1));
    await delay(jittered, undefined, { signal });
  }
}
