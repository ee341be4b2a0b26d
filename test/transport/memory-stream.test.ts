import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ByteStream } from '../../src/transport/byte-stream.js';
import { memoryStreamPair } from '../../src/transport/memory-stream.js';

/** One end, started, and what it was told, in order. */
function listenTo(stream: ByteStream): string[] {
  const told: string[] = [];
  stream.start({
    onBytes: (chunk) => told.push(Buffer.from(chunk).toString()),
    onClose: (error) => told.push(error === undefined ? 'closed' : `closed: ${error.message}`),
  });
  return told;
}

const bytes = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));

describe('memoryStreamPair', () => {
  it('delivers in both directions, in order, in a later turn, and says when it has', async () => {
    const [left, right] = memoryStreamPair();
    const atLeft = listenTo(left);
    const atRight = listenTo(right);
    left.write(bytes('a', 'b'), () => atLeft.push('written'));
    left.write(bytes('c'), () => {});
    right.write(bytes('d'), () => {});
    expect([atLeft, atRight]).toEqual([[], []]);
    await nextTurn();
    expect(atRight).toEqual(['a', 'b', 'c']);
    expect(atLeft).toEqual(['written', 'd']);
  });

  it('hands the bytes over as they are', async () => {
    const [left, right] = memoryStreamPair();
    const sent = Buffer.from('x');
    const received: Uint8Array[] = [];
    right.start({ onBytes: (chunk) => received.push(chunk), onClose: () => {} });
    left.write([sent], () => {});
    await nextTurn();
    expect(received[0]).toBe(sent);
  });

  it('ends after what was written', async () => {
    const [left, right] = memoryStreamPair();
    const atLeft = listenTo(left);
    const atRight = listenTo(right);
    left.write(bytes('last'), () => {});
    left.end();
    for (let turn = 0; turn < 4; turn++) await nextTurn();
    expect(atRight).toEqual(['last', 'closed']);
    expect(atLeft).toEqual(['closed']);
  });

  it('is destroyed on both sides at once, each told once, in a later turn', async () => {
    const [left, right] = memoryStreamPair();
    const atLeft = listenTo(left);
    const atRight = listenTo(right);
    left.destroy();
    left.destroy();
    right.destroy();
    expect([atLeft, atRight]).toEqual([[], []]);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    left.end();
    await nextTurn();
    expect([atLeft, atRight]).toEqual([['closed'], ['closed']]);
  });

  it('loses what is under way when it is destroyed, and takes nothing after it', async () => {
    const [left, right] = memoryStreamPair();
    const atLeft = listenTo(left);
    const atRight = listenTo(right);
    let written = 0;
    left.write(bytes('lost'), () => written++);
    left.destroy();
    left.write(bytes('late'), () => written++);
    right.write(bytes('to nobody'), () => {});
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(written).toBe(0);
    expect(atLeft).toEqual(['closed']);
    expect(atRight).toEqual(['closed']);
  });

  it('can be destroyed before anybody listens', async () => {
    const [left, right] = memoryStreamPair();
    const atRight = listenTo(right);
    left.destroy();
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(atRight).toEqual(['closed']);
  });

  it('has nothing that keeps a process alive', () => {
    const [left] = memoryStreamPair();
    expect(() => {
      left.setReferenced(false);
      left.setReferenced(true);
    }).not.toThrow();
  });
});
