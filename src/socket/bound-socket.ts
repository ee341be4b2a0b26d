/** A listening socket that is not yet with Node. Whoever has it owns both parts. */
export interface BoundSocket {
  readonly fd: number;
  /** Removes the socket file if it is still the one we made; to be called while `fd` is open. */
  unlink(): void;
}
