/** What one measurement of one contender gives; a figure that does not apply is absent. */
export interface Figures {
  /** Calls, messages or connections per second. */
  readonly perSecond?: number;
  /** Latency of one operation, in microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** User and system time for one unit, in microseconds. */
  readonly clientCpu?: number;
  readonly serverCpu?: number;
  /** Of both sides together. */
  readonly cpu?: number;
  /** Peak resident memory, in octets. */
  readonly clientPeak?: number;
  readonly serverPeak?: number;
  /** Idle ones that were counted. */
  readonly connections?: number;
  /** Of the server, for one connection, in octets. */
  readonly residentPerConnection?: number;
  readonly heapPerConnection?: number;
  /** In milliseconds. */
  readonly elapsed?: number;
}

export type Figure = keyof Figures;
