import { header, reset } from './call.js';
import { flood } from './flood.js';

/** RST_STREAM for a stream that is gone, again and again. */
export const attack = flood('RST_STREAM flood on a closed stream', reset(1), {
  first: Buffer.concat([header(1, 'FullDuplexCall'), reset(1)]),
});
