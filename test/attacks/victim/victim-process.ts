/**
 * A server that is attacked, as a process of its own that tells over IPC how it fares. `start-program.ts` starts it.
 */
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { createServer } from '../../../src/server/server.js';
import { serverEvents } from '../../../src/server/server-events.js';
import { anyone } from '../../../src/socket/peer-policy.js';
import { processReceiveBudget } from '../../../src/transport/limits.js';
import { liveHeap } from '../../faults/process-state.js';
import { answerRequests } from './answer-requests.js';

/** How long a handler of CacheableUnaryCall runs, whether somebody waits for it or not, in milliseconds. */
const STUBBORN = 1_000;

let runningHandlers = 0;
let peakHeld = 0;
let peakMemory = 0;
let reasons: Record<string, number> = {};

const server = createServer({
  limits: { handshakeTimeoutMs: 1_000, unfinishedTimeoutMs: 1_000 },
  onHandlerError: () => {},
});

async function counted<Result>(run: () => Promise<Result>): Promise<Result> {
  runningHandlers++;
  try {
    return await run();
  } finally {
    runningHandlers--;
  }
}

server.addPartial(TestServiceDefinition, {
  emptyCall: async () => ({}),
  unaryCall: async ({ responseSize }) => ({ payload: { body: Buffer.alloc(responseSize) } }),
  cacheableUnaryCall: () =>
    counted(async () => {
      await new Promise((resolve) => setTimeout(resolve, STUBBORN));
      return {};
    }),
  async *streamingOutputCall({ responseParameters }) {
    for (const { size } of responseParameters) yield { payload: { body: Buffer.alloc(size) } };
  },
  streamingInputCall: (requests) =>
    counted(async () => {
      let aggregatedPayloadSize = 0;
      for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
      return { aggregatedPayloadSize };
    }),
  async *fullDuplexCall(requests) {
    for await (const { responseParameters } of requests) {
      for (const { size } of responseParameters) yield { payload: { body: Buffer.alloc(size) } };
    }
  },
  // Reads nothing as long as somebody waits for it.
  halfDuplexCall: async function* (_requests, { signal }) {
    await counted(() => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())));
  },
});

serverEvents.disconnected.subscribe((event) => {
  const { reason } = event as { reason: string };
  reasons[reason] = (reasons[reason] ?? 0) + 1;
});

const watch = setInterval(() => {
  peakHeld = Math.max(peakHeld, processReceiveBudget.held);
  peakMemory = Math.max(peakMemory, process.memoryUsage.rss());
}, 5);

export interface VictimState {
  /** Octets of unread messages, now and at most since `forget`. */
  readonly held: number;
  readonly peakHeld: number;
  /** Resident memory, at most since `forget`. */
  readonly peakMemory: number;
  readonly connections: number;
  readonly runningHandlers: number;
  /** Why connections ended since `forget`, and how many. */
  readonly reasons: Readonly<Record<string, number>>;
}

const commands = {
  async listen(path: string) {
    await server.listen(path, { mode: 0o666, allowPeer: anyone() });
  },

  state: (): VictimState => ({
    held: processReceiveBudget.held,
    peakHeld,
    peakMemory,
    connections: server.connectionCount,
    runningHandlers,
    reasons,
  }),

  /** What lives on its heap. */
  heap: () => liveHeap(),

  /** Begins to count anew. @returns resident memory, in octets. */
  forget() {
    peakHeld = peakMemory = 0;
    reasons = {};
    return process.memoryUsage.rss();
  },
};

export type VictimCommands = typeof commands;

answerRequests(commands);
process.on('disconnect', () => clearInterval(watch));
