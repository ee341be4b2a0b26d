import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/csi/hostpath/turns.js';

describe('Turns', () => {
  it('takes what has one key one after the other, and other keys beside it', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const step = (key: string, name: string) =>
      turns.take(key, async () => {
        log.push(`${name} begins`);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        log.push(`${name} ends`);
        if (name === 'a1') throw new Error('failed');
        return name;
      });
    const first = step('a', 'a1');
    const second = step('a', 'a2');
    const other = step('b', 'b1');
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['a1 begins', 'b1 begins']);
    ends.get('b1')!();
    expect(await other).toBe('b1');
    ends.get('a1')!();
    await expect(first).rejects.toThrow('failed');
    await new Promise((resolve) => setImmediate(resolve));
    ends.get('a2')!();
    expect(await second).toBe('a2');
    expect(log).toEqual(['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins', 'a2 ends']);
  });

  it('is idle when all turns are over', async () => {
    const turns = new Turns();
    await turns.idle();
    const log: string[] = [];
    const failAfter = async (milliseconds: number, name: string) => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      log.push(name);
      throw new Error(name);
    };
    for (const name of ['first', 'second']) turns.take('a', () => failAfter(5, name)).catch(() => {});
    turns.take('b', () => failAfter(1, 'other')).catch(() => {});
    await turns.idle();
    expect(log.sort()).toEqual(['first', 'other', 'second']);
  });
});
