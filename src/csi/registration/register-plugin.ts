import { dirname, resolve } from 'node:path';
import { RegistrationDefinition } from '../../../gen/pluginregistration/v1/pluginregistration.js';
import { checkSignal } from '../../client/check-signal.js';
import { checkOptionNames, type OptionNames } from '../../options/check-option-names.js';
import { createServer, type Server } from '../../server/server.js';
import type { ServerListener } from '../../server/server-listener.js';
import { SocketError } from '../../socket/socket-error.js';
import { Reannouncement } from './reannouncement.js';

/**
 * `waiting` for a kubelet to ask or to answer, `registered` with it, `failed` as it said or because another server has the
 * socket, `closed`.
 */
export type RegistrationState = 'waiting' | 'registered' | 'failed' | 'closed';

export interface RegisterPluginOptions {
  /** The driver's name, as the plugin says it itself. */
  readonly name: string;
  /** The path of the plugin's CSI socket as the kubelet sees it, which is not always as the plugin does. Passed on as it is. */
  readonly endpoint: string;
  /** The folder that the kubelet watches. Default `/var/lib/kubelet/plugins_registry`. */
  readonly registryFolder?: string;
  /** Versions of CSI by which the kubelet judges a driver. Default `1.0.0`, which is every 1.x to it. */
  readonly versions?: readonly string[];
  /**
   * What to do when the kubelet reports a failure, or another server has taken the socket: `retry` warns and shows the
   * kubelet the socket anew, after growing pauses of 1 to 30 s; `exit` ends the process with code 1 for somebody to start
   * it again, as node-driver-registrar does; a function gets the reason. Default `retry`.
   */
  readonly onFailed?: 'exit' | 'retry' | ((error: Error) => void);
  /** Called after each change of `Registration.state`. */
  readonly onState?: (registration: Registration) => void;
  /** Closes the registration when it aborts: `plugin.server.stopping`, so that no new volumes come to a plugin that ends. */
  readonly signal?: AbortSignal;
}

const KUBELET_FOLDER = '/var/lib/kubelet/plugins_registry';
/** The kubelet waits five seconds for an answer to its last call. */
const GRACE_MS = 5_000;

/** A plugin's place with the kubelet of its node. Made by `registerPlugin`. */
export class Registration implements AsyncDisposable {
  /** The socket that the kubelet dials. */
  readonly socketPath: string;
  readonly #options: RegisterPluginOptions;
  readonly #server: Server;
  readonly #reannouncement = new Reannouncement(() => this.#announceAnew());
  readonly #onAbort = (): void => void this.close();
  #listener: ServerListener | undefined;
  #state: RegistrationState = 'waiting';
  #error: Error | undefined;
  #registrations = 0;
  #closed: Promise<void> | undefined;

  constructor(options: RegisterPluginOptions) {
    checkOptions(options);
    const { name, endpoint, registryFolder = KUBELET_FOLDER, versions = ['1.0.0'], signal } = options;
    this.#options = options;
    // Absolute: a relative one would be no path to an endpoint when it begins with a name.
    this.socketPath = resolve(registryFolder, `${name}-reg.sock`);
    this.#server = createServer({ shutdownGraceMs: GRACE_MS });
    this.#server.add(RegistrationDefinition, {
      getInfo: async () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: [...versions] }),
      notifyRegistrationStatus: async ({ pluginRegistered, error }) => {
        if (pluginRegistered) this.#succeed();
        // After the answer, for `exit` ends what answers.
        else setImmediate(() => this.#fail(new Error(`the kubelet did not register ${name}: ${error}`)));
        return {};
      },
    });
    signal?.addEventListener('abort', this.#onAbort);
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** Why it failed, while `state` is `failed`. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** How often a kubelet has registered the plugin; a kubelet that starts again does so again. */
  get registrations(): number {
    return this.#registrations;
  }

  /** Listens. Called once, by `registerPlugin`. */
  async open(): Promise<void> {
    if (this.#options.signal?.aborted) return this.close();
    try {
      await this.#listen();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes the socket away, by which the kubelet forgets the plugin. Resolves when it is gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#reannouncement.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#change('closed', undefined);
    await this.#server.shutdown();
  }

  async #listen(): Promise<void> {
    try {
      this.#listener = await this.#server.listen(this.socketPath, {
        mode: 0o600,
        // A kubelet that starts may empty the folder; the new socket tells it of the plugin.
        relisten: true,
        onRelisten: () => this.#change('waiting', undefined),
        onLost: (error) => this.#fail(error),
      });
    } catch (cause) {
      if (!(cause instanceof SocketError && cause.code === 'ENOENT')) throw cause;
      // Made here, the folder would be one that no kubelet watches.
      const message = `the folder ${dirname(this.socketPath)} does not exist; mount there the one that the kubelet watches, or name another`;
      throw new SocketError('ENOENT', cause.endpoint, message, { cause });
    }
  }

  #succeed(): void {
    this.#reannouncement.reset();
    this.#registrations++;
    this.#change('registered', undefined);
  }

  #fail(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#change('failed', error);
    const { onFailed = 'retry' } = this.#options;
    if (typeof onFailed === 'function') return onFailed(error);
    if (onFailed === 'exit') return void this.#exit(error);
    process.emitWarning(`${error.message}; trying again`);
    this.#reannouncement.schedule();
  }

  async #exit(error: Error): Promise<void> {
    console.error(`podwire: ${error.message}; exiting`);
    await this.close();
    process.exit(1);
  }

  async #announceAnew(): Promise<void> {
    try {
      await this.#listener?.close();
      if (this.#closed !== undefined) return;
      await this.#listen();
      this.#change('waiting', undefined);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #change(state: RegistrationState, error: Error | undefined): void {
    // Once closed it stays so, whatever was under way.
    if (this.#state === 'closed') return;
    this.#state = state;
    this.#error = error;
    this.#options.onState?.(this);
  }
}

/**
 * Makes a driver known to the kubelet of this node: serves `pluginregistration/v1` on `<registryFolder>/<name>-reg.sock`,
 * which only root and our own user may dial. To be called once the plugin listens, because the kubelet then calls it. A stale
 * socket is replaced. The kubelet wants its answer within a second: nothing that waits holds it up, but what computes for
 * so long without a pause does.
 *
 *     await plugin.listen();
 *     await registerPlugin({
 *       name: plugin.name,
 *       endpoint: `/var/lib/kubelet/plugins/${plugin.name}/csi.sock`,
 *       signal: plugin.server.stopping,
 *     });
 *
 * Rejects with SocketError when the socket cannot be had: `ENOENT` without the folder, `EADDRINUSE` when another process
 * serves the same driver. TypeError for options that cannot be.
 */
export async function registerPlugin(options: RegisterPluginOptions): Promise<Registration> {
  const registration = new Registration(options);
  await registration.open();
  return registration;
}

const registerPluginOptionNames: OptionNames<RegisterPluginOptions> = {
  name: true,
  endpoint: true,
  registryFolder: true,
  versions: true,
  onFailed: true,
  onState: true,
  signal: true,
};

function checkOptions(options: RegisterPluginOptions): void {
  checkOptionNames('registerPlugin', options, registerPluginOptionNames);
  const { name, endpoint, registryFolder = KUBELET_FOLDER, versions, onFailed = 'retry', onState, signal } = options;
  if (typeof name !== 'string' || name === '' || name.includes('/') || name.startsWith('.')) {
    throw new TypeError(`the driver's name is ${JSON.stringify(name)}; it must be like csi.example.com`);
  }
  if (typeof endpoint !== 'string' || !endpoint.startsWith('/')) {
    const shown = JSON.stringify(endpoint);
    throw new TypeError(
      `endpoint is ${shown}; it must be the absolute path by which the kubelet reaches the CSI socket`,
    );
  }
  if (typeof registryFolder !== 'string' || registryFolder === '') {
    throw new TypeError(`registryFolder is ${JSON.stringify(registryFolder)}; it must be the path of a folder`);
  }
  if (versions !== undefined && (!Array.isArray(versions) || versions.some((one) => typeof one !== 'string'))) {
    throw new TypeError('versions must be a list of texts, such as ["1.0.0"]');
  }
  if (versions?.length === 0) throw new TypeError('versions must name one at least, such as ["1.0.0"]');
  if (typeof onFailed !== 'function' && onFailed !== 'exit' && onFailed !== 'retry') {
    throw new TypeError(`onFailed is 'exit', 'retry' or a function, not ${JSON.stringify(onFailed)}`);
  }
  if (onState !== undefined && typeof onState !== 'function') {
    throw new TypeError(`onState must be a function, not ${String(onState)}`);
  }
  if (signal !== undefined) checkSignal(signal);
}
