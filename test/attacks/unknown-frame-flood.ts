import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

/** Frames of a type that nobody knows, which have to be ignored (RFC 9113 section 5.5). */
export const attack = flood('unknown frame flood', wire.frame(0xbe, 0, 0));
