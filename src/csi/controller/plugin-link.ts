import { type Channel, type ChannelOptions, createChannel } from '../../client/channel.js';
import { type Client, createClient } from '../../client/client.js';
import type { ClientChannel } from '../../client/client-channel.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ServiceDefinition } from '../../rpc/service-definition.js';

export interface OpenLinkOptions {
  /** By `performance.now()`; infinite: no end. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
  /** Called with the reason every `progressMs` while nobody is there. */
  readonly onWaiting: (reason: string) => void;
  readonly progressMs: number;
}

/**
 * One connection to a plugin. A channel connects again by itself, to whoever is there by then; this one is closed as soon as
 * its connection is lost, so that no call reaches a plugin that nobody has looked at.
 */
export class PluginLink {
  readonly channel: Channel;
  /** Called at once when the connection is lost. */
  onLost: ((reason: string) => void) | undefined;
  readonly #clients = new Map<ServiceDefinition, unknown>();
  readonly #unwatch: () => void;
  #connected = false;
  #lost: string | undefined;

  /** @throws as `createChannel` does. */
  constructor(endpoint: string | Endpoint, options: ChannelOptions) {
    const channel = createChannel(endpoint, options) as ClientChannel;
    this.channel = channel;
    this.#unwatch = channel.watchState(() => this.#stateChanged());
  }

  /** Why there is no connection any more; undefined as long as there is. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /**
   * Connects, and keeps trying.
   *
   * Rejects with RpcError: DEADLINE_EXCEEDED when nobody was there in time, else as `Channel.ready` does.
   */
  async open({ deadlineAt, signal, onWaiting, progressMs }: OpenLinkOptions): Promise<void> {
    for (;;) {
      const timeoutMs = Math.max(0, Math.min(progressMs, deadlineAt - performance.now()));
      try {
        return await this.channel.ready({ timeoutMs, signal });
      } catch (error) {
        if (!(error instanceof RpcError) || error.code !== Code.DEADLINE_EXCEEDED) throw error;
        const reason = (this.channel as ClientChannel).describeWait();
        if (performance.now() >= deadlineAt) {
          const { cause } = error;
          const message = `the plugin was not there in time: ${reason}`;
          throw new RpcError(Code.DEADLINE_EXCEEDED, message, { cause, endpoint: this.channel.address });
        }
        onWaiting(reason);
      }
    }
  }

  client<Definition extends ServiceDefinition>(definition: Definition): Client<Definition> {
    let client = this.#clients.get(definition) as Client<Definition> | undefined;
    if (client === undefined) this.#clients.set(definition, (client = createClient(definition, this.channel)));
    return client;
  }

  close(graceMs = 0): Promise<void> {
    this.#unwatch();
    return this.channel.close({ graceMs });
  }

  #stateChanged(): void {
    const { state, counters } = this.channel;
    if (state === 'ready') this.#connected = true;
    else if (this.#connected && this.#lost === undefined) {
      // An open call may notice before the connection is counted as lost.
      this.#lost = counters.goawaysReceived > 0 ? 'the plugin takes no more calls on it' : 'it broke';
      // Calls that are open may end, if there is still somebody.
      void this.close(Number.POSITIVE_INFINITY);
      this.onLost?.(this.#lost);
    }
  }
}
