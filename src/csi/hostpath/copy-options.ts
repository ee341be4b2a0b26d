export interface CopyOptions {
  /** Stops the copy, which rejects with the signal's reason; what is copied stays for the caller to remove. */
  readonly signal?: AbortSignal | undefined;
  /** Called often with the bytes that were dealt with since the call before, holes included. */
  readonly onProgress?: ((bytes: bigint) => void) | undefined;
}
