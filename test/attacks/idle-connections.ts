import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** 10,000 connections that greet and then say nothing: most are one user's too many. */
export const attack: TestedAttack = {
  name: '10,000 idle connections',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  connections: 10_000,
  run: (connect, signal) =>
    inParallel(10_000, connect, signal, async (offender) => {
      await offender.stay();
      // A place that was refused is asked for again, not at once: this process has others to open.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }),
};
