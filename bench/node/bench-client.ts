/** One connection of a peer's client. Every call has a deadline of ten seconds and rejects when its answer is not whole. */
export interface BenchClient {
  empty(): Promise<void>;
  /** Sends `bytes` octets and gets as many. */
  unary(bytes: number): Promise<void>;
  createVolume(): Promise<void>;
  listVolumes(entries: number): Promise<void>;
  serverStream(messages: number, bytes: number): Promise<void>;
  clientStream(messages: number, bytes: number): Promise<void>;
  /** Round trips on one call; says after each that it is done. */
  pingPong(messages: number, bytes: number, lap: () => void): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a connection of its own, not one that is shared with another client.
 *
 * @param createVolumeRequest what `createVolume` sends, encoded; to be decoded once.
 */
export type Connect = (endpoint: string, createVolumeRequest: Uint8Array) => Promise<BenchClient>;
