import type { Code } from '../rpc/code.js';
import type { Peer } from '../socket/peer.js';
import { CallCounters, type CallCounts } from '../transport/call-counters.js';
import { isObserved, publishEnd } from '../transport/call-events.js';
import { type ServerCallStart, serverEvents } from './server-events.js';

/** What became of the requests of a listener's connections. */
export interface RequestCounts extends CallCounts {
  /** Requests that found no handler: no such method, no gRPC, header too large. They are no calls. */
  readonly requestsRejected: number;
  /** Calls that the client reset: it cancelled, or its deadline passed. */
  readonly resetsReceived: number;
}

/** Counts them, and tells of calls. Its own properties are the counts. */
export class RequestCounters extends CallCounters implements RequestCounts {
  requestsRejected = 0;
  resetsReceived = 0;

  /** @returns what `ended` takes; undefined when nobody listens. */
  started(method: string, peer: Peer): ServerCallStart | undefined {
    this.callsStarted++;
    if (!isObserved(serverEvents)) return undefined;
    const call: ServerCallStart = { method, peer, startedAt: performance.now() };
    serverEvents.callStart.publish(call);
    return call;
  }

  ended(call: ServerCallStart | undefined, code: Code, message: string): void {
    this.callEnded(code);
    if (call !== undefined) publishEnd(serverEvents, call, code, message);
  }
}
