export type { BackoffOptions } from './client/backoff.js';
export type { CallOptions } from './client/call-options.js';
export { type Channel, type ChannelOptions, type ChannelState, createChannel } from './client/channel.js';
export { type Client, type ClientOptions, createClient } from './client/client.js';
export type { ClientInterceptor, ClientNext, ClientRequest, ClientResponse } from './client/client-interceptor.js';
export type { AbstractEndpoint, Endpoint, InheritedEndpoint, PathEndpoint } from './endpoint/endpoint.js';
export { EndpointError } from './endpoint/endpoint-error.js';
export { parseEndpoint } from './endpoint/parse-endpoint.js';
export { printEndpoint } from './endpoint/print-endpoint.js';
export { Code } from './rpc/code.js';
export { codeName } from './rpc/code-name.js';
export type { CompiledMethod } from './rpc/compile-service.js';
export { Metadata, type MetadataInit, type MetadataValue } from './rpc/metadata.js';
export { RpcError, type RpcErrorOptions } from './rpc/rpc-error.js';
export type {
  MessageIn,
  MessageOut,
  MethodDefinition,
  ServiceDefinition,
} from './rpc/service-definition.js';
export { findDetail, packDetail, type StatusDetail } from './rpc/status-detail.js';
export { type AddOptions, createServer, Server, type ServerOptions, type ShutdownOptions } from './server/server.js';
export type { ServerContext } from './server/server-context.js';
export type { ServerInterceptor, ServerNext, ServerRequest, ServerResponse } from './server/server-interceptor.js';
export { ServerListener } from './server/server-listener.js';
export type { ServiceImplementation } from './server/service-implementation.js';
export type { ListenOptions } from './socket/listen-options.js';
export type { Peer } from './socket/peer.js';
export {
  allOf,
  anyOf,
  anyone,
  groups,
  type PeerPolicy,
  sameSecurityLabel,
  sameUser,
  users,
} from './socket/peer-policy.js';
export { SocketError } from './socket/socket-error.js';
export type { KeepaliveOptions } from './transport/keepalive.js';
export {
  type ChannelLimits,
  defaultChannelLimits,
  defaultServerLimits,
  type Limits,
  type ServerLimits,
} from './transport/limits.js';
