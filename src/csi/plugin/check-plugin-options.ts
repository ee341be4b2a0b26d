import {
  ControllerDefinition,
  GroupControllerDefinition,
  NodeDefinition,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import { checkOptionNames, type OptionNames } from '../../options/check-option-names.js';
import type { PluginOptions } from './create-plugin.js';
import type { PluginCapabilities, PluginFeatures } from './plugin-capabilities.js';
import type { PluginHandlers } from './plugin-handlers.js';

/** The calls for which a service may have a handler. */
const calls: { readonly [Service in keyof PluginHandlers]-?: object } = {
  identity: { probe: true },
  controller: ControllerDefinition.methods,
  groupController: GroupControllerDefinition.methods,
  snapshotMetadata: SnapshotMetadataDefinition.methods,
  node: NodeDefinition.methods,
};

const handlerNames: OptionNames<PluginHandlers> = {
  identity: true,
  controller: true,
  groupController: true,
  snapshotMetadata: true,
  node: true,
};

const featureNames: OptionNames<PluginFeatures> = {
  cloneVolume: true,
  publishReadonly: true,
  listVolumesPublishedNodes: true,
  singleNodeMultiWriter: true,
  volumeMountGroup: true,
  accessibilityConstraints: true,
  snapshotAccessibilityConstraints: true,
  volumeExpansion: true,
};

const capabilityNames: OptionNames<PluginCapabilities> = {
  services: true,
  volumeExpansion: true,
  controller: true,
  groupController: true,
  node: true,
};

/** Those that are left when it is known what a plugin does and can. */
export const commonPluginOptionNames: OptionNames<
  Omit<PluginOptions, keyof PluginHandlers | 'features' | 'capabilities'>
> = {
  name: true,
  version: true,
  manifest: true,
  specVersion: true,
  interceptors: true,
  logger: true,
  onHandlerError: true,
  maxMapBytes: true,
  shutdownOn: true,
  shutdownGraceMs: true,
};

const pluginOptionNames: OptionNames<PluginOptions> = {
  ...commonPluginOptionNames,
  ...handlerNames,
  features: featureNames,
  capabilities: capabilityNames,
};

/**
 * What neither the server looks at nor the plugin's identity, which have their own checks.
 *
 * @throws TypeError or RangeError that names the option and says what it is to be.
 */
export function checkPluginOptions(options: PluginOptions): void {
  checkOptionNames('createPlugin', options, pluginOptionNames);
  const {
    specVersion = '1.13',
    features = {},
    capabilities = {},
    maxMapBytes = 4096,
    logger,
    onHandlerError,
  } = options;
  if (specVersion !== '1.12' && specVersion !== '1.13') {
    throw new TypeError(`specVersion is '1.12' or '1.13', not ${JSON.stringify(specVersion)}`);
  }
  for (const service of Object.keys(handlerNames) as (keyof PluginHandlers)[]) checkHandlers(service, options[service]);
  checkOptionNames('features', features, featureNames);
  checkOptionNames('capabilities', capabilities, capabilityNames);
  for (const { volumeExpansion } of [features, capabilities]) {
    if (volumeExpansion === undefined || volumeExpansion === 'online' || volumeExpansion === 'offline') continue;
    throw new TypeError(`volumeExpansion is 'online' or 'offline', not ${JSON.stringify(volumeExpansion)}`);
  }
  if (typeof maxMapBytes !== 'number' || !(maxMapBytes > 0)) {
    throw new RangeError(`maxMapBytes is ${String(maxMapBytes)}; it must be a number more than 0`);
  }
  if (logger !== undefined && typeof logger?.error !== 'function') {
    throw new TypeError('logger must have a function error(fields, message), as pino has');
  }
  if (onHandlerError !== undefined && typeof onHandlerError !== 'function') {
    throw new TypeError('onHandlerError must be a function, which gets the error and the method');
  }
}

/** Other members of a class are its own; a call that is there must be one. */
function checkHandlers(service: keyof PluginHandlers, handlers: object | undefined): void {
  if (handlers === undefined) return;
  if (typeof handlers !== 'object' || handlers === null) {
    throw new TypeError(`${service} must be an object with a function for each call that is offered`);
  }
  for (const [name, handler] of Object.entries(handlers)) {
    if (handler === undefined || typeof handler === 'function' || !Object.hasOwn(calls[service], name)) continue;
    throw new TypeError(`${service}.${name} must be a function that gets the request and the context`);
  }
}
