import type { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import type { ChannelOptions } from '../../src/client/channel.js';
import type { Client } from '../../src/client/client.js';
import type { FaultProcess } from './start-fault-process.js';

/** A channel and a client of it. */
export interface OpenChannel {
  readonly podinfo: Client<typeof PodInfoDefinition>;
  close(): Promise<void>;
}

/** Where faults are injected: a podwire server that lives through all of them, and what goes wrong around it. */
export interface Bench {
  /** The server, in a process of its own. */
  readonly server: FaultProcess;
  /** Its two endpoints. */
  readonly path: string;
  readonly abstract: string;
  /** A client of it in this process whose channel stays open. */
  readonly podinfo: Client<typeof PodInfoDefinition>;
  /** A folder for the sockets of faults; each leaves it as it was. */
  readonly folder: string;
  /** Whether each fault is injected as often, and as hard, as it ever is. */
  readonly full: boolean;
  /** A channel of the fault's own; what it leaves open is closed after its last round. */
  open(endpoint: string, options?: ChannelOptions): OpenChannel;
  /** A process that has loaded podwire and waits for its first command; whoever takes it kills it. */
  take(): Promise<FaultProcess>;
  /** A process that may have so many descriptors open. */
  startWith(descriptors: number): Promise<FaultProcess>;
  /** Fails unless the server serves: a unary and a streaming call, on both endpoints, old connection and new. */
  serves(): Promise<void>;
}

/** One thing that goes wrong. */
export interface Fault {
  readonly name: string;
  /** Times that it is injected in each of the ten rounds at full size. Default 10; else it is once. */
  readonly full?: number;
  /** Processes that live through all rounds, and shall grow no more than the server does. */
  prepare?(bench: Bench): Promise<readonly FaultProcess[]>;
  /** How many faults one injection is. Default 1. */
  count?(bench: Bench): number;
  /** Lets it happen, checks what must follow, and clears away what is its own. */
  inject(bench: Bench): Promise<void>;
}
