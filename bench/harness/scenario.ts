import type { Bench, BenchOptions } from './bench.js';
import type { Figure, Figures } from './figures.js';
import type { BuiltPeer } from './peer.js';
import type { WarmUp } from './warm-up.js';

/** What is measured in a scenario: a peer, a pair of peers, or a server in some situation. */
export interface Contender {
  readonly name: string;
  /** The longer one of its programs'. */
  readonly warmUp?: WarmUp | undefined;
  measure(bench: Bench): Promise<Figures>;
}

/** Rows of the table that are compared with each other. */
export interface Scenario {
  readonly name: string;
  /** What is counted: `calls`, `messages`; for other figures than a rate, the unit of the figure. */
  readonly unit: string;
  /** The figure that is compared. */
  readonly figure: Figure;
  /** Octets of payload in one unit, in both directions, where a throughput says more than a rate. */
  readonly payloadBytes?: number;
  /** About how long one measurement takes besides warm-up and measured time, in seconds. */
  readonly overhead: number;
  /** How much of the usual warm-up and measured time a measurement takes; default 1. */
  readonly share?: number;
  /** A measurement has neither warm-up nor measured time. */
  readonly untimed?: boolean;
  /** Rounds at most; for scenarios with very many contenders. */
  readonly rounds?: number;
  /** @param peers those that are there, by name. */
  contenders(peers: ReadonlyMap<string, BuiltPeer>, options: BenchOptions): Contender[];
}
