import { IdentityDefinition } from '../../../gen/csi/v1/csi.js';
import { createChannel } from '../../client/channel.js';
import { createClient } from '../../client/client.js';
import type { Endpoint } from '../../endpoint/endpoint.js';

export interface ProbePluginOptions {
  /** Default 3,000, which is livenessprobe's. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 3_000;

/**
 * Asks a plugin over a connection of its own whether it is well, so that a plugin which accepts nobody any more is found out.
 *
 * Rejects with RpcError when it does not answer in time, or with an error; Error when it says that it is not ready. Nothing
 * about readiness means ready.
 */
export async function probePlugin(endpoint: string | Endpoint, options: ProbePluginOptions = {}): Promise<void> {
  const { timeoutMs = TIMEOUT_MS, signal } = options;
  const channel = createChannel(endpoint);
  try {
    const { ready } = await createClient(IdentityDefinition, channel).probe(
      {},
      { timeoutMs, ...(signal && { signal }) },
    );
    if (ready === false) throw new Error(`the plugin at ${channel.address} answers, but is not ready`);
  } finally {
    await channel.close();
  }
}
