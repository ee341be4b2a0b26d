import { streams } from './call.js';
import { type OffenderOptions, repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** New streams without an end, each with frames that end it with RST_STREAM, by whichever side. */
export function resetFlood(name: string, call: (id: number) => Uint8Array, options?: OffenderOptions): TestedAttack {
  return {
    name,
    answer: 'GOAWAY ENHANCE_YOUR_CALM',
    reason: 'too many streams were reset',
    run: (connect, signal) =>
      repeatedly(
        connect,
        signal,
        async (offender) => {
          for (let id = 1; offender.open; id += 200) await offender.send(streams(id, 100, call));
        },
        options,
      ),
  };
}
