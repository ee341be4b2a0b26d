export {
  type ConnectPluginLogger,
  type ConnectPluginOptions,
  connectPlugin,
  type PluginProgress,
} from './controller/connect-plugin.js';
export type { ConnectedPlugin, ConnectedPluginState } from './controller/connected-plugin.js';
export type { ConnectionLoss, ConnectionLossAction, ConnectionLossPolicy } from './controller/connection-loss.js';
export { csiEndpoint } from './csi-endpoint.js';
export {
  aborted,
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  invalidStartingToken,
  notFound,
  outOfRange,
  permissionDenied,
  resourceExhausted,
  unauthenticated,
  unimplemented,
} from './csi-error.js';
export type { ReportError } from './plugin/answer-errors.js';
export { createPlugin, type Plugin, type PluginLogger, type PluginOptions } from './plugin/create-plugin.js';
export type { PluginCapabilities, PluginFeatures } from './plugin/plugin-capabilities.js';
export type {
  ControllerHandlers,
  GroupControllerHandlers,
  IdentityHandlers,
  NodeHandlers,
  PluginHandlers,
  SnapshotMetadataHandlers,
} from './plugin/plugin-handlers.js';
export type { SpecVersion } from './plugin/spec-version.js';
