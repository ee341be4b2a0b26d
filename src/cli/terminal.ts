/** Where the command writes, and what it knows of its surroundings: those of the process, or a stand-in for a test. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: { readonly [name: string]: string | undefined };
  /** Aborted when nobody reads any more what is written to one of them. */
  readonly unread: AbortSignal;
}
