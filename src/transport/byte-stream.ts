/** Who takes what a byte stream delivers. */
export interface ByteStreamReceiver {
  /** Bytes arrived. They are valid during the call: whatever is kept of them is copied. */
  onBytes(chunk: Uint8Array): void;
  /** The stream is over, by EOF or by `error`; called once, also after `destroy`. */
  onClose(error: Error | undefined): void;
}

/** Bytes in both directions between two processes, or within one. A transport is its only user. */
export interface ByteStream {
  /** Starts delivery. */
  start(receiver: ByteStreamReceiver): void;
  /**
   * Writes `chunks` in order; `done` is called when the system has taken them all and nobody reads their memory any more, not
   * called when the stream ends before.
   */
  write(chunks: Uint8Array[], done: () => void): void;
  /** Ends the stream after what was written, and closes when the peer has ended it too: whoever does not wait destroys. */
  end(): void;
  /** Ends the stream at once. */
  destroy(): void;
  /** Whether the stream keeps the process alive. */
  setReferenced(referenced: boolean): void;
}
