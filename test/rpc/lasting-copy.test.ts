import { describe, expect, it } from 'vitest';
import { lastingCopy } from '../../src/rpc/lasting-copy.js';

describe('lastingCopy', () => {
  it.each([0, 1, 64, 65, 4_096, 4_097, 100_000])('keeps %i octets when their memory is overwritten', (length) => {
    const bytes = new Uint8Array(length + 20).map((_, index) => index);
    const expected = bytes.slice(10, 10 + length);
    const copy = lastingCopy(bytes, 10, 10 + length);
    bytes.fill(0xff);
    expect(new Uint8Array(copy)).toEqual(expected);
  });

  it('never writes the same memory again', () => {
    const copies: [number, Uint8Array][] = [];
    for (let index = 0; index < 1_000; index++) {
      copies.push([index % 256, lastingCopy(new Uint8Array(index).fill(index), 0, index)]);
    }
    for (const [octet, copy] of copies) expect(copy.every((each) => each === octet)).toBe(true);
  });

  it('packs small ones and gives large ones no more than they need', () => {
    const first = lastingCopy(new Uint8Array(100), 0, 100);
    const second = lastingCopy(new Uint8Array(100), 0, 100);
    const third = lastingCopy(new Uint8Array(100), 0, 100);
    expect(first.buffer === second.buffer || second.buffer === third.buffer).toBe(true);
    expect(lastingCopy(new Uint8Array(50_000), 0, 50_000).buffer.byteLength).toBe(50_000);
  });
});
