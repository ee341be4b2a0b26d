/**
 * Whose memory the payloads of DATA are, when it is used again: it counts who still reads it. What holds a payload, or a part
 * of it, when the call that brought it returns, has called `keep` with it, and calls `letGo` once it does not read it any
 * more. Memory of anybody else is let pass, and so is one that is never let go: it is used no more.
 */
export interface PayloadMemory {
  keep(payload: Uint8Array): void;
  letGo(payload: Uint8Array): void;
}
