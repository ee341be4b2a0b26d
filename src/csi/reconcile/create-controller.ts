import { Backoff, backoffOptionNames } from '../../client/backoff.js';
import { parseEndpoint } from '../../endpoint/parse-endpoint.js';
import { checkOptionNames, type OptionNames } from '../../options/check-option-names.js';
import { Controller } from './controller.js';
import type { ControllerOptions } from './controller-options.js';

export const controllerOptionNames: OptionNames<ControllerOptions> = {
  ...{ endpoint: true, stateFolder: true, file: true, stagingFolder: true, workers: true, callTimeoutMs: true },
  ...{ backoff: backoffOptionNames, resyncMs: true, recreateMissing: true, secrets: true, connect: true },
};

/**
 * A controller: it makes and keeps volumes and snapshots of a CSI plugin as they are desired.
 *
 *     const controller = await createController({ endpoint: 'unix:///run/csi/socket', stateFolder: '/var/lib/volumes' });
 *     await controller.volumes.set('data', { size: '1Gi', publish: [{ target: '/srv/data' }] });
 *     await controller.settled();
 *
 * It resolves at once, also when the plugin is not there yet: it is waited for, and found again whenever it was away. What is
 * desired and what was begun is on disk, so that a controller that is started anew goes on where the last one ended. It keeps
 * the process alive until it is closed.
 *
 * Rejects with TypeError and RangeError for options that do not fit, EndpointError for an endpoint that is none, and with
 * Error when the state folder cannot be used, when the file has mistakes, and when lmdb, in which records are kept, or
 * yaml, with which a file is read, is not installed.
 */
export async function createController(options: ControllerOptions): Promise<Controller> {
  checkOptionNames('a controller', options, controllerOptionNames);
  const { endpoint, stateFolder, secrets, workers = 1 } = options;
  if (typeof stateFolder !== 'string' || stateFolder === '') {
    throw new TypeError('stateFolder is missing: give the controller a folder of its own');
  }
  if (typeof endpoint === 'string') parseEndpoint(endpoint);
  if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`workers is ${workers}; it must be 1 or more`);
  for (const name of ['callTimeoutMs', 'resyncMs'] as const) {
    const value = options[name] ?? 1;
    if (!(value > 0)) throw new RangeError(`${name} is ${value}; it must be a number more than 0`);
  }
  if (secrets !== undefined && typeof secrets !== 'function') throw new TypeError('secrets must be a function');
  // It says what is wrong with them.
  new Backoff(options.backoff);
  return Controller.open(options);
}
