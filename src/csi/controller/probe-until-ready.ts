import { setTimeout as sleep } from 'node:timers/promises';
import type { IdentityDefinition } from '../../../gen/csi/v1/csi.js';
import type { Client } from '../../client/client.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';

export interface ProbeUntilReadyOptions {
  /** Milliseconds between two probes. */
  readonly intervalMs: number;
  /** Milliseconds that one probe may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called after every probe that did not find the plugin ready. */
  readonly onNotReady: (reason: string) => void;
}

/**
 * Asks a plugin until it says that it is ready, or nothing about it, which means the same.
 *
 * Rejects with RpcError: CANCELLED by `signal`, and any answer of the plugin's but DEADLINE_EXCEEDED, which only means that
 * it is slow.
 */
export async function probeUntilReady(
  identity: Pick<Client<IdentityDefinition>, 'probe'>,
  { intervalMs, timeoutMs, signal, onNotReady }: ProbeUntilReadyOptions,
): Promise<void> {
  for (;;) {
    const reason = await probe(identity, timeoutMs, signal);
    if (reason === undefined) return;
    onNotReady(reason);
    try {
      await sleep(intervalMs, undefined, { signal });
    } catch (error) {
      throw new RpcError(Code.CANCELLED, 'waiting for the plugin was cancelled', { cause: error });
    }
  }
}

/** @returns why the plugin is not ready, undefined when it is. */
async function probe(
  identity: Pick<Client<IdentityDefinition>, 'probe'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { ready } = await identity.probe({}, { timeoutMs, signal });
    return ready === false ? 'it says that it is not ready' : undefined;
  } catch (error) {
    if (error instanceof RpcError && error.code === Code.DEADLINE_EXCEEDED && !signal.aborted) {
      return `it did not answer a probe within ${timeoutMs} ms`;
    }
    throw error;
  }
}
