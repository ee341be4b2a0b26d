export { type BindServerOptions, bindServer } from './bind-server.js';
export type { BoundListener } from './bound-listener.js';
export { type ChannelFactory, type ChannelFactoryOptions, channelFactory } from './channel-factory.js';
export { peerOf } from './peer-of.js';
