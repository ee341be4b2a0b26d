import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runLoad } from '../../bench/node/load.js';

describe('runLoad', () => {
  it('keeps one operation a worker open, and counts what ended between the marks', async () => {
    let open = 0;
    let most = 0;
    let ended = 0;
    const endedAt: Record<string, number> = {};
    const operation = async (lap: () => void): Promise<void> => {
      most = Math.max(most, ++open);
      await delay(2);
      open--;
      lap();
      ended++;
    };
    const load = await runLoad(Array(5).fill(operation), {
      warmUp: 0.05,
      seconds: 0.1,
      onMark: (mark) => {
        endedAt[mark] = ended;
      },
    });
    expect(most).toBe(5);
    expect(open).toBe(0);
    expect(endedAt.begin).toBeGreaterThan(0);
    expect(load.laps).toBe(endedAt.end - endedAt.begin);
    expect(load.seconds).toBeGreaterThanOrEqual(0.099);
    expect(load.p99).toBeGreaterThanOrEqual(load.p50);
  });

  it('fails with the first operation that fails', async () => {
    const operation = () => Promise.reject(new Error('not whole'));
    await expect(runLoad([operation], { warmUp: 0.01, seconds: 0.01, onMark: () => {} })).rejects.toThrow('not whole');
  });
});
