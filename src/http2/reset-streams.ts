/** Streams that were reset lately. Local calls are short: what is still on its way is on one of these. */
const REMEMBERED = 2_048;

/** Remembers who reset a stream: it decides what a frame that comes on it later means (RFC 9113 section 5.1, "closed"). */
export class ResetStreams {
  #resets: Map<number, 'local' | 'remote'> | undefined;
  #forgottenUpTo = 0;

  add(streamId: number, by: 'local' | 'remote'): void {
    const resets = (this.#resets ??= new Map());
    resets.set(streamId, by);
    if (resets.size <= REMEMBERED) return;
    for (const oldest of resets.keys()) {
      resets.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** For a stream from before the memory begins the answer is `local`, which does no harm: such frames are ignored. */
  by(streamId: number): 'local' | 'remote' | undefined {
    return this.#resets?.get(streamId) ?? (streamId <= this.#forgottenUpTo ? 'local' : undefined);
  }
}
