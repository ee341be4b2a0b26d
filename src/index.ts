export type { BackoffOptions } from './client/backoff.js';
export type { CallOptions } from './client/call-options.js';
export { type Channel, type ChannelOptions, type ChannelState, createChannel } from './client/channel.js';
export type { ChannelCounts } from './client/channel-counters.js';
export {
  type ChannelCallEnd,
  type ChannelCallStart,
  type ChannelDisconnectedEvent,
  type ChannelEvent,
  type ConnectedEvent,
  type ConnectFailedEvent,
  type ConnectingEvent,
  channelEvents,
  type GoawayEvent,
} from './client/channel-events.js';
export { type Client, type ClientOptions, createClient } from './client/client.js';
export type { ClientInterceptor, ClientNext, ClientRequest, ClientResponse } from './client/client-interceptor.js';
export type { AbstractEndpoint, Endpoint, InheritedEndpoint, PathEndpoint } from './endpoint/endpoint.js';
export { EndpointError } from './endpoint/endpoint-error.js';
export { type ParseEndpointOptions, parseEndpoint } from './endpoint/parse-endpoint.js';
export { printEndpoint } from './endpoint/print-endpoint.js';
export { Code } from './rpc/code.js';
export { codeName } from './rpc/code-name.js';
export type { CompiledMethod } from './rpc/compile-service.js';
export { Metadata, type MetadataInit, type MetadataValue } from './rpc/metadata.js';
export { RpcError, type RpcErrorOptions } from './rpc/rpc-error.js';
export type {
  AnyMessageType,
  MessageIn,
  MessageOut,
  MessageType,
  MethodDefinition,
  ServiceDefinition,
} from './rpc/service-definition.js';
export { findDetail, packDetail, type StatusDetail } from './rpc/status-detail.js';
export type { RequestCounts } from './server/request-counters.js';
export { type AddOptions, createServer, Server, type ServerOptions, type ShutdownOptions } from './server/server.js';
export type { ServerContext } from './server/server-context.js';
export {
  type DisconnectedEvent,
  type ServerCallEnd,
  type ServerCallStart,
  serverEvents,
} from './server/server-events.js';
export type { ServerInterceptor, ServerNext, ServerRequest, ServerResponse } from './server/server-interceptor.js';
export type { ListenerCounters, ServerListener } from './server/server-listener.js';
export type { ServiceImplementation } from './server/service-implementation.js';
export type { EventChannel } from './socket/event-channel.js';
export type { ListenOptions } from './socket/listen-options.js';
export {
  type AcceptedEvent,
  type ListenerEvent,
  type ListenerLostEvent,
  listenerEvents,
  type RefusedEvent,
} from './socket/listener-events.js';
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
export { SocketError, type SocketHolder } from './socket/socket-error.js';
export type { SocketCounts } from './socket/socket-listener.js';
export type { ByteStream, ByteStreamReceiver } from './transport/byte-stream.js';
export type { CallCounts } from './transport/call-counters.js';
export type { CallResult, CallStart } from './transport/call-events.js';
export type { ConnectionEnd } from './transport/connection-end.js';
export type { Connection } from './transport/connector.js';
export type { KeepaliveOptions } from './transport/keepalive.js';
export {
  type ChannelLimits,
  defaultChannelLimits,
  defaultServerLimits,
  type Limits,
  type ServerLimits,
} from './transport/limits.js';
