import { setTimeout as sleep } from 'node:timers/promises';

/** The value of a counter that has stopped growing. */
export async function settled(count: () => number): Promise<number> {
  for (let quiet = 0, last = count(); ; ) {
    await sleep(20);
    const now = count();
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    if (quiet === 15) return now;
  }
}
