import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** socat between two endpoints: bytes both ways, a process of its own for each connection. */
export class SocatRelay {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when `from` can be dialed. Endpoints are `unix:///path` or `unix-abstract:name`. */
  static async start(from: string, to: string): Promise<SocatRelay> {
    // -dd: socat says on stderr when it listens.
    const child = spawn('socat', ['-dd', `${address(from, 'LISTEN')},fork`, address(to, 'CONNECT')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group, so that the processes of open connections end with it.
      detached: true,
    });
    const relay = new SocatRelay(child);
    const said: string[] = [];
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new Error("no socat command; Debian's package for it is socat", { cause });
    });
    const stop = (): void => void child.kill('SIGKILL');
    process.once('exit', stop);
    child.once('close', () => process.off('exit', stop));
    let listening = false;
    for await (const line of createInterface({ input: child.stderr as Readable })) {
      said.push(line);
      listening = line.includes(' listening on ');
      if (listening) break;
    }
    // It goes on talking, and would wait for somebody to read that.
    child.stderr?.resume();
    if (listening) return relay;
    throw new Error(`socat does not listen on ${from}:\n${said.join('\n')}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    process.kill(-(this.#child.pid as number), 'SIGTERM');
    await closed;
  }
}

function address(endpoint: string, verb: 'LISTEN' | 'CONNECT'): string {
  const abstract = /^unix-abstract:(.*)$/.exec(endpoint);
  return abstract ? `ABSTRACT-${verb}:${abstract[1]}` : `UNIX-${verb}:${endpoint.replace('unix://', '')}`;
}
