/** What a peer's client offers a scenario, over one connection; every call has a deadline of ten seconds. */
export interface EchoClient {
  /** One call of grpc.testing.TestService/UnaryCall that sends `octets` and gets as many back. */
  unary(octets: number): Promise<void>;
  /** One call of StreamingOutputCall: `count` messages of `octets` from the server. */
  serverStream(count: number, octets: number): Promise<void>;
  close(): Promise<void>;
}

/** One row of the table. */
export interface Scenario {
  readonly name: string;
  /** Calls that are open at a time. */
  readonly inFlight: number;
  /** What one operation counts for: 1, or the messages of a stream. */
  readonly unitsPerOperation: number;
  readonly unit: 'calls' | 'messages';
  operation(client: EchoClient): Promise<void>;
}
