import type { Code } from '../../src/rpc/code.js';
import type { ServerContext } from '../../src/server/server-context.js';
import type { PodInfo } from '../server/serve-podinfo.js';

type Kind = 'describe' | 'watch' | 'pushLogs' | 'exchange';

/** A handler that does what it should not, and what its caller gets. The server has the handler, the test the rest. */
export type HandlerFault = {
  [Method in Kind]: {
    readonly name: string;
    readonly method: Method;
    readonly handler: PodInfo[Method];
    /** How the call ends for its caller. */
    readonly code: Code;
    /** Responses that the caller has by then. Default 0. */
    readonly responses?: number;
    /** The deadline of the call, in milliseconds. Default: none. */
    readonly timeoutMs?: number;
    /** The caller cancels when it has so many responses. */
    readonly cancelAfter?: number;
  };
}[Kind];

/** Resolves when the caller waits no more. */
export function callOver({ signal }: ServerContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
