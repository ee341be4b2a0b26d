export { fromClientMiddleware, type NiceCallOptions, type NiceClientMiddleware } from './from-client-middleware.js';
export { fromServerMiddleware, type NiceCallContext, type NiceServerMiddleware } from './from-server-middleware.js';
export type { NiceMetadata } from './nice-metadata.js';
export type { NiceCall, NiceMethod, NiceMiddleware } from './nice-middleware.js';
