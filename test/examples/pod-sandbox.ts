import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ContainerManifest, PodManifest } from './pod-manifest.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A pod without images: its containers have mount, pid, IPC and UTS namespaces of their own and share one network
 * namespace, which a pause process holds. They see this machine's files, but for the folder of a mount. Needs root.
 */
export class PodSandbox implements AsyncDisposable {
  readonly #manifest: PodManifest;
  readonly #pause: ChildProcess;
  readonly #volumes: ReadonlyMap<string, string>;
  readonly #processes: ContainerProcess[] = [];

  private constructor(manifest: PodManifest, pause: ChildProcess) {
    this.#manifest = manifest;
    this.#pause = pause;
    this.#volumes = new Map(manifest.volumes.map((name) => [name, emptyDir(manifest.fsGroup)]));
  }

  static async start(manifest: PodManifest): Promise<PodSandbox> {
    const pause = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(pause.stdout!, 'data');
    return new PodSandbox(manifest, pause);
  }

  /** Where a volume is outside of the containers. */
  folderOf(volume: string): string {
    return this.#volumes.get(volume)!;
  }

  /** The container of this name, with `changes`. */
  container(name: string, changes: Partial<ContainerManifest> = {}): ContainerManifest {
    return { ...this.#manifest.containers.find((container) => container.name === name)!, ...changes };
  }

  /** Starts a container in the pod's network namespace, or in that of `network`. */
  run(container: ContainerManifest, network: PodSandbox = this): ContainerProcess {
    const { uid, gid, groups, command, env } = container;
    const mounts = container.mounts.map(({ volume, path, readOnly }) => [
      // Hides what this machine has beside the mount; nothing of it is changed, for the mount namespace is our own.
      `mount -t tmpfs -o mode=0755 none ${dirname(path)}`,
      `mkdir ${path}`,
      `mount --bind ${this.folderOf(volume)} ${path}`,
      ...(readOnly ? [`mount -o remount,bind,ro ${path}`] : []),
    ]);
    const script = [...mounts.flat(), 'exec "$@"'].join(' && ');
    const process = new ContainerProcess(
      [
        ...['nsenter', `--net=/proc/${network.#pause.pid}/ns/net`],
        ...['unshare', '--mount', '--ipc', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['sh', '-c', script, 'sh'],
        // A change of user clears the signal that --kill-child has asked for, prctl(2).
        ...['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', '--bounding-set=-all'],
        ...['--reuid', `${uid}`, '--regid', `${gid}`],
        ...(groups.length === 0 ? ['--clear-groups'] : ['--groups', groups.join()]),
        ...command,
      ],
      env,
    );
    this.#processes.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
    const ended = once(this.#pause, 'exit');
    this.#pause.kill('SIGKILL');
    await ended;
    for (const folder of this.#volumes.values()) rmSync(folder, { recursive: true });
  }
}

/** A folder as kubelet makes it: everybody's, and with an fsGroup that group's, which new files inherit. */
function emptyDir(fsGroup: number | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-volume-'));
  if (fsGroup !== undefined) chownSync(folder, 0, fsGroup);
  chmodSync(folder, fsGroup === undefined ? 0o777 : 0o2777);
  return folder;
}

/** One run of a container. */
export class ContainerProcess implements AsyncDisposable {
  readonly output: string[] = [];
  readonly errors: string[] = [];
  readonly #unshare: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isOver = false;
  #onLine: (() => void) | undefined;

  constructor([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    // `node` is the one that runs the tests.
    const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
    this.#unshare = spawn(program, args, {
      cwd: repository,
      env: { PATH, HOME: '/', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#unshare.stdout! }).on('line', (line) => {
      this.output.push(line);
      this.#onLine?.();
    });
    createInterface({ input: this.#unshare.stderr! }).on('line', (line) => this.errors.push(line));
    this.#ended = once(this.#unshare, 'close').then(() => {
      this.#isOver = true;
      this.#onLine?.();
    });
  }

  /** Waits for a line with this text. Throws when it ends without. */
  async printed(text: string): Promise<string> {
    for (;;) {
      const line = this.output.find((candidate) => candidate.includes(text));
      if (line !== undefined) return line;
      if (this.#isOver) throw new Error(`it ended without "${text}":\n${[...this.output, ...this.errors].join('\n')}`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  /** Waits for its end, and gives its exit status or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.#unshare.exitCode ?? this.#unshare.signalCode;
  }

  /** Signals the program, which is process 1 of its container. After SIGKILL unshare may end with a status of its own. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const { pid } = this.#unshare;
    process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')), signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It takes its child along: --kill-child.
    this.#unshare.kill('SIGKILL');
    await this.#ended;
  }
}
