import { describe, expect, it } from 'vitest';
import { type OperationKey, PendingOperations } from '../../../src/csi/plugin/pending-operations.js';
import { Code } from '../../../src/index.js';

const v1: OperationKey = { kind: 'volume', id: 'v1' };
const refused = { code: Code.ABORTED, statusMessage: expect.stringContaining('"v1"') };

/** An operation that runs until it is told to end. */
function running(operations: PendingOperations, key: OperationKey) {
  let end = (_outcome: () => void): void => {};
  const done = operations.run(key, () => {
    return new Promise<string>((resolve, reject) => {
      end = (outcome) => {
        try {
          outcome();
          resolve('done');
        } catch (error) {
          reject(error);
        }
      };
    });
  });
  return {
    done,
    end: () => end(() => {}),
    fail: () =>
      end(() => {
        throw new Error('failed');
      }),
  };
}

describe('PendingOperations', () => {
  it('refuses a second one with the same key at once, and takes it when the first is done', async () => {
    const operations = new PendingOperations();
    const first = running(operations, v1);
    await expect(operations.run(v1, async () => 'second')).rejects.toMatchObject(refused);
    expect(operations.size).toBe(1);
    first.end();
    expect(await first.done).toBe('done');
    expect(await operations.run(v1, async () => 'second')).toBe('second');
    expect(operations.size).toBe(0);
  });

  it('has a key back from one that failed, rejecting or throwing', async () => {
    const operations = new PendingOperations();
    const first = running(operations, v1);
    first.fail();
    await expect(first.done).rejects.toThrow('failed');
    const throwing = () => {
      throw new Error('thrown');
    };
    await expect(operations.run(v1, throwing)).rejects.toThrow('thrown');
    expect(await operations.run(v1, async () => 'third')).toBe('third');
  });

  it('lets others run beside: another id, another kind, another path', async () => {
    const operations = new PendingOperations();
    const keys: OperationKey[] = [
      v1,
      { kind: 'volume', id: 'v2' },
      { kind: 'snapshot', id: 'v1' },
      { kind: 'group snapshot', id: 'v1' },
      { kind: 'volume', id: 'v1', path: '/a' },
      { kind: 'volume', id: 'v1', path: '/b' },
      // No two keys read alike, whatever is in an id.
      { kind: 'volume', id: '/a\0v1' },
      { kind: 'volume', id: 'v1\0/a' },
    ];
    const all = keys.map((key) => running(operations, key));
    expect(operations.size).toBe(keys.length);
    await expect(operations.run({ kind: 'volume', id: 'v1', path: '/b' }, async () => {})).rejects.toMatchObject(
      refused,
    );
    for (const { end } of all) end();
    await Promise.all(all.map(({ done }) => done));
    expect(operations.size).toBe(0);
  });
});
