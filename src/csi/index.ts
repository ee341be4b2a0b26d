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
export { type HttpEndpoint, type MetricsSource, type ServeHttpOptions, serveHttp } from './http/serve-http.js';
export type { CallInterceptor, ObservableRequest, ObservableResponse } from './observe/call-interceptor.js';
export { type CallLogger, type CallLogLevel, type LogCallsOptions, logCalls } from './observe/log-calls.js';
export { type MeasureCallsOptions, type MetricsRegistry, measureCalls } from './observe/measure-calls.js';
export { type Redacted, redact } from './observe/redact.js';
export { type CallTracer, traceCalls } from './observe/trace-calls.js';
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
export type { ControlledObjects, Controller } from './reconcile/controller.js';
export type { ControllerEvent, ControllerObjectEvent, ControllerOperationEvent } from './reconcile/controller-event.js';
export { controllerEvents } from './reconcile/controller-events.js';
export type { ControllerOptions } from './reconcile/controller-options.js';
export { createController } from './reconcile/create-controller.js';
export type {
  Condition,
  LastError,
  ObjectStatus,
  Phase,
  SnapshotStatus,
  VolumeStatus,
} from './reconcile/object-status.js';
export type { OperationMethod } from './reconcile/operation-method.js';
export type { SecretsRequest, SecretsSource } from './reconcile/secrets-source.js';
export { SpecError } from './reconcile/spec-error.js';
export type { AccessModeName, PublicationSpec, Size, SnapshotSpec, VolumeSpec } from './reconcile/volume-spec.js';
export {
  type RegisterPluginOptions,
  type Registration,
  type RegistrationState,
  registerPlugin,
} from './registration/register-plugin.js';
