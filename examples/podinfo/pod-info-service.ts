import { setTimeout as delay } from 'node:timers/promises';
import { LogStream, type PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
// Outside this repository: from 'podwire'.
import { Code, RpcError, type ServiceImplementation } from '../../src/index.js';
import { readCgroupFigures } from './cgroup-figures.js';
import { runCommand } from './command.js';

export interface PodInfoServiceOptions {
  /** Gets the log lines that sidecars push. */
  readonly onLogLine: (stream: 'stdout' | 'stderr', line: string) => void;
}

const SHORTEST_INTERVAL_MS = 10;

/** The handlers of podinfo.v1.PodInfo. */
export function podInfoService({ onLogLine }: PodInfoServiceOptions): ServiceImplementation<PodInfoDefinition> {
  return {
    async describe({ text }) {
      return { reply: `${text} And a reply from the server.` };
    },

    async *watch({ intervalMs, sampleLimit }, { signal, stopping }) {
      if (intervalMs !== 0 && intervalMs < SHORTEST_INTERVAL_MS) {
        throw new RpcError(
          Code.INVALID_ARGUMENT,
          `interval_ms is ${intervalMs}; it must be 0 or at least ${SHORTEST_INTERVAL_MS}`,
        );
      }
      const ended = AbortSignal.any([signal, stopping]);
      for (let sequence = 1; ; sequence++) {
        const timeUnixNanos = BigInt(Date.now()) * 1_000_000n;
        yield { sequence: BigInt(sequence), timeUnixNanos, ...(await readCgroupFigures()) };
        if (sequence === sampleLimit) return;
        // Rejects when the caller is gone, and ends this handler.
        await delay(intervalMs || 1_000, undefined, { signal: ended }).catch((error: unknown) => {
          throw stopping.aborted ? new RpcError(Code.UNAVAILABLE, 'this server is stopping; watch again') : error;
        });
      }
    },

    async pushLogs(requests) {
      let acceptedLines = 0n;
      let acceptedBytes = 0n;
      let rejectedLines = 0n;
      for await (const { stream, line } of requests) {
        const known = stream === LogStream.LOG_STREAM_STDOUT || stream === LogStream.LOG_STREAM_STDERR;
        if (!known || line.includes('\n')) {
          rejectedLines++;
          continue;
        }
        onLogLine(stream === LogStream.LOG_STREAM_STDOUT ? 'stdout' : 'stderr', line);
        acceptedLines++;
        acceptedBytes += BigInt(Buffer.byteLength(line));
      }
      return { acceptedLines, acceptedBytes, rejectedLines };
    },

    async *exchange(requests) {
      for await (const { id, command, arguments: words } of requests) {
        try {
          yield { id, outcome: { $case: 'output', value: runCommand(command, words) } };
        } catch (error) {
          // The answer to one command: the stream goes on.
          yield { id, outcome: { $case: 'error', value: (error as Error).message } };
        }
      }
    },
  };
}
