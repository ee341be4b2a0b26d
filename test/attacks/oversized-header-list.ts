import { header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const metadata = Array.from({ length: 20 }, (_, index): [string, string] => [`key-${index}`, 'x'.repeat(10_000)]);

/** 200 KB of metadata in every request. */
export const attack: TestedAttack = {
  name: 'oversized header list',
  answer: 'grpc-status 8',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 2) await offender.send(header(id, 'EmptyCall', ...metadata));
    }),
};
