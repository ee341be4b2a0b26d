import type { Offender } from '../offender.js';

/** A server that misuses its client, and what has to come of it. */
export interface HostileServer {
  readonly name: string;
  /** What it says first. Default: SETTINGS, and an acknowledgement of the client's. */
  readonly greeting?: Uint8Array;
  /** What it says when the call has come on stream 1, or what it does from the start when `atOnce`. Ends with the connection. */
  play(client: Offender): Promise<void>;
  readonly atOnce?: boolean;
  /** Whether it reads. Default true. */
  readonly reads?: boolean;
  /** How the call ends. */
  readonly status: 'DEADLINE_EXCEEDED' | 'INTERNAL' | 'RESOURCE_EXHAUSTED' | 'UNAVAILABLE' | 'UNIMPLEMENTED';
  /** What the client says to it: `GOAWAY ENHANCE_YOUR_CALM`, `RST_STREAM CANCEL`. */
  readonly answer?: string;
}
