import type { Terminal } from './terminal.js';

/** Where this process writes. To be asked for once: from then on the end of a reader, as in `podwire ... | head`, is no error. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const unread = new AbortController();
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      unread.abort(error);
    });
  }
  return { stdout, stderr, env, unread: unread.signal };
}
