export type { Endpoint } from '../endpoint/endpoint.js';
export { type DialedSocket, type DialOptions, dialSocket } from './dial-socket.js';
export type { ListenOptions } from './listen-options.js';
export type { Peer } from './peer.js';
export type { PeerPolicy } from './peer-policy.js';
export { SocketError, type SocketHolder } from './socket-error.js';
export { listenSocket, type SocketCounts, type SocketListener, type SocketListenerEvents } from './socket-listener.js';
