import * as wire from '../http2/wire.js';
import { streamingOutput, streams, windowUpdate } from './call.js';
import { greetingWith, repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const INITIAL_WINDOW_SIZE = 4;

/** SETTINGS that widen the windows of a thousand streams by one octet each, so that each is answered with a thousand frames. */
export const attack: TestedAttack = {
  name: 'SETTINGS_INITIAL_WINDOW_SIZE growth',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  reason: 'too many frames that carry nothing',
  run: (connect, signal) =>
    repeatedly(
      connect,
      signal,
      async (offender) => {
        const calls = streams(1, 1_000, (id) => streamingOutput(id, 1, 16_384));
        await offender.send(windowUpdate(0, 0x7fff0000), calls);
        for (let size = 1; offender.open; size++) await offender.send(wire.settings([INITIAL_WINDOW_SIZE, size]));
      },
      { greeting: greetingWith([INITIAL_WINDOW_SIZE, 0]) },
    ),
};
