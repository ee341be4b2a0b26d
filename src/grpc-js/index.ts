export { type BindServerOptions, bindServer, type RelayLimits } from './bind-server.js';
export type { BoundListener } from './bound-listener.js';
export { type ChannelFactory, type ChannelFactoryOptions, channelFactory } from './channel-factory.js';
export { peerOf } from './peer-of.js';
