import { header } from './call.js';
import { type OffenderOptions, repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** The same frame again and again, a thousand in one write. `first` is said before, by default an open call on stream 1. */
export function flood(
  name: string,
  frame: Uint8Array,
  { first = header(1, 'FullDuplexCall'), ...options }: OffenderOptions & { readonly first?: Uint8Array } = {},
): TestedAttack {
  const batch = Buffer.concat(Array.from({ length: 1_000 }, () => frame));
  return {
    name,
    answer: 'GOAWAY ENHANCE_YOUR_CALM',
    reason: 'too many frames that carry nothing',
    run: (connect, signal) =>
      repeatedly(
        connect,
        signal,
        async (offender) => {
          await offender.send(first);
          while (offender.open) await offender.send(batch);
        },
        options,
      ),
  };
}
