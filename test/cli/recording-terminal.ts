import type { Terminal } from '../../src/cli/terminal.js';

/** A terminal that keeps what is written to it. */
export class RecordingTerminal implements Terminal {
  output = '';
  errors = '';
  readonly env: Terminal['env'];
  readonly unread = new AbortController().signal;
  readonly stdout = { write: (text: string) => (this.output += text) };
  readonly stderr = { write: (text: string) => (this.errors += text) };

  constructor(env: Terminal['env'] = {}) {
    this.env = env;
  }
}
