import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Container, Volume } from 'kubernetes-types/core/v1.js';
import type { Deployment } from './manifests.js';

/** What is in an image, and how its program is called. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly env: { readonly [name: string]: string };
  /** Folders of the image by their path in it. */
  readonly folders: { readonly [path: string]: string };
}

/** Begins a command that does not outlive this process, however that ends. */
const withParent = ['setpriv', '--pdeathsig', 'KILL'];

/**
 * A node of Kubernetes for one pod, made of namespaces. hostPath volumes are below a temporary folder, emptyDir volumes where
 * a kubelet has them; `/var/lib/kubelet` is shared as it is on a real node, so that mounts which a container makes there with
 * Bidirectional propagation are seen by others. Containers have a root of their own, with this machine's `/usr` and `/etc` in
 * place of a base image. Needs root.
 */
export class NodeSandbox implements AsyncDisposable {
  static readonly NAME = 'node-1';
  static readonly POD_UID = '01234567-89ab-cdef-0123-456789abcdef';
  readonly #deployment: Deployment;
  readonly #root: string;
  /** Holds the node's mount namespace, and the pod's network. */
  readonly #pause: ChildProcess;
  readonly #running: ContainerRun[] = [];

  private constructor(deployment: Deployment, root: string, pause: ChildProcess) {
    this.#deployment = deployment;
    this.#root = root;
    this.#pause = pause;
  }

  static async start(deployment: Deployment): Promise<NodeSandbox> {
    const root = mkdtempSync(join(tmpdir(), 'podwire-node-'));
    const kubelet = join(root, 'node/var/lib/kubelet');
    for (const folder of ['pods', 'plugins', 'plugins_registry']) {
      mkdirSync(join(kubelet, folder), { recursive: true, mode: 0o750 });
    }
    // Processes of other users come by here.
    for (const folder of [root, join(root, 'node')]) chmodSync(folder, 0o755);
    const script = `ip link set lo up && mount --bind ${kubelet} ${kubelet} && mount --make-shared ${kubelet} && echo ready; exec sleep infinity`;
    const command = [...withParent, 'unshare', '--mount', '--net', 'sh', '-c', script];
    const pause = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(pause.stdout!, 'data');
    return new NodeSandbox(deployment, root, pause);
  }

  /** Where a path of the node is on this machine. */
  pathOf(path: string): string {
    return join(this.#root, 'node', path);
  }

  /** Runs a container of the pod: the image's program with the manifest's arguments, or another program. */
  run(container: Container, image: Image, command?: readonly string[]): ContainerRun {
    const { securityContext: security = {}, env: variables = [], args = [] } = container;
    const env: Record<string, string> = { ...image.env };
    for (const { name, value, valueFrom } of variables)
      env[name] = value ?? this.#field(valueFrom?.fieldRef?.fieldPath);
    const expanded = (command ?? [...image.entrypoint, ...args]).map((arg) =>
      arg.replace(/\$\((\w+)\)/g, (_, name: string) => env[name] ?? ''),
    );
    const root = mkdtempSync(join(this.#root, 'root-'));
    const fsGroup = this.#deployment.pod.spec?.securityContext?.fsGroup;
    const run = new ContainerRun(
      [
        ...[
          ...withParent,
          'nsenter',
          `--mount=/proc/${this.#pause.pid}/ns/mnt`,
          `--net=/proc/${this.#pause.pid}/ns/net`,
        ],
        // Mounts below what is shared go on being shared.
        ...['unshare', '--mount', '--propagation', 'unchanged', '--ipc', '--uts', '--pid', '--fork', '--kill-child'],
        ...['sh', '-c', [...this.#rootScript(root, container, image), `exec chroot ${root} "$@"`].join(' && '), 'sh'],
        // A change of user clears the signal that --kill-child has asked for, prctl(2).
        ...['setpriv', '--pdeathsig', 'KILL', '--reuid', `${security.runAsUser}`, '--regid', `${security.runAsGroup}`],
        ...(fsGroup === undefined ? ['--clear-groups'] : ['--groups', `${fsGroup}`]),
        ...(security.privileged ? [] : ['--no-new-privs', '--bounding-set=-all']),
        ...expanded,
      ],
      { PATH: '/node:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', ...env },
    );
    this.#running.push(run);
    return run;
  }

  /** What a program says that is a process of the node: it sees the node's mounts, and the pod by its network. */
  async onNode(program: string, ...args: string[]): Promise<string> {
    const namespaces = [`--mount=/proc/${this.#pause.pid}/ns/mnt`, `--net=/proc/${this.#pause.pid}/ns/net`];
    return (await promisify(execFile)('nsenter', [...namespaces, program, ...args])).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#running) await run[Symbol.asyncDispose]();
    const ended = once(this.#pause, 'exit');
    this.#pause.kill('SIGKILL');
    await ended;
    // What was mounted went with the namespaces.
    rmSync(this.#root, { recursive: true, force: true });
  }

  #field(path: string | undefined): string {
    const fields: { readonly [path: string]: string | undefined } = {
      'spec.nodeName': NodeSandbox.NAME,
      'metadata.uid': NodeSandbox.POD_UID,
      'metadata.namespace': this.#deployment.workload.metadata?.namespace,
      'metadata.name': `${this.#deployment.workload.metadata?.name}-0`,
    };
    const value = fields[path ?? ''];
    if (value === undefined) throw new Error(`the field ${path} is not known here`);
    return value;
  }

  /** Lays out a container's root: what an image has, its volumes, and nothing that can be written beside them. */
  #rootScript(root: string, { volumeMounts = [], securityContext }: Container, image: Image): string[] {
    const bind = (from: string, to: string, readOnly: boolean): string[] => [
      `mkdir -p ${dirname(root + to)}`,
      `if [ -d ${from} ]; then mkdir -p ${root}${to}; else touch ${root}${to}; fi`,
      `mount --rbind ${from} ${root}${to}`,
      ...(readOnly ? [`mount -o remount,bind,ro ${root}${to}`] : []),
    ];
    const volumes = [...volumeMounts].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
    const hasDevices = volumes.some(({ mountPath }) => mountPath === '/dev');
    return [
      `mount -t tmpfs -o mode=0755 none ${root}`,
      ...bind('/usr', '/usr', true),
      ...bind('/etc', '/etc', true),
      // Links into /usr, as all systems have them that are in question.
      `for name in bin sbin lib lib64; do cp -P /$name ${root}/$name; done`,
      ...bind(dirname(process.execPath), '/node', true),
      ...Object.entries(image.folders).flatMap(([path, folder]) => bind(folder, path, true)),
      `mkdir ${root}/proc && mount -t proc none ${root}/proc`,
      ...(hasDevices ? [] : ['null', 'urandom'].flatMap((name) => bind(`/dev/${name}`, `/dev/${name}`, false))),
      ...volumes.flatMap(({ name, mountPath, readOnly = false, mountPropagation = 'None' }) => [
        ...bind(this.#source(this.#deployment.volume(name)), mountPath, readOnly),
        ...(mountPropagation === 'Bidirectional' ? [] : [`mount --make-private ${root}${mountPath}`]),
      ]),
      ...(securityContext?.readOnlyRootFilesystem ? [`mount -o remount,bind,ro ${root}`] : []),
    ];
  }

  /** A volume as the kubelet prepares it. */
  #source({ name, hostPath, emptyDir }: Volume): string {
    if (hostPath?.path === '/dev') return '/dev';
    if (hostPath !== undefined) {
      const folder = this.pathOf(hostPath.path);
      if (hostPath.type === 'DirectoryOrCreate') mkdirSync(folder, { recursive: true, mode: 0o755 });
      else if (!existsSync(folder)) throw new Error(`the node has no ${hostPath.path}`);
      return folder;
    }
    if (emptyDir === undefined) throw new Error(`what volume ${name} is is not known here`);
    const folder = this.pathOf(`/var/lib/kubelet/pods/${NodeSandbox.POD_UID}/volumes/kubernetes.io~empty-dir/${name}`);
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true });
      // Everybody's, and with an fsGroup that group's, which new files inherit.
      const fsGroup = this.#deployment.pod.spec?.securityContext?.fsGroup;
      if (fsGroup !== undefined) chownSync(folder, 0, fsGroup);
      chmodSync(folder, fsGroup === undefined ? 0o777 : 0o2777);
    }
    return folder;
  }
}

/** One run of a container. */
export class ContainerRun implements AsyncDisposable {
  /** All that it printed so far, one line each. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.#ended = once(this.#child, 'close');
  }

  /** Waits for its end, and gives its exit status or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Signals the program, which is process 1 of its container. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const { pid } = this.#child;
    process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')), signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It takes its child along: --kill-child.
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
