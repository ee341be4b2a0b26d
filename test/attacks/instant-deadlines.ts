import { header, streams } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Calls whose deadline passes at once, and which never say more. */
export const attack: TestedAttack = {
  name: 'instant deadlines',
  answer: 'grpc-status 4',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 200) {
        await offender.send(streams(id, 100, (each) => header(each, 'FullDuplexCall', ['grpc-timeout', '1n'])));
      }
    }),
};
