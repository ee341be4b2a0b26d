import { describe, expect, it } from 'vitest';
import { Replay } from '../../src/client/replay.js';
import type { StreamFailure } from '../../src/http2/stream-handler.js';

const refused: StreamFailure = { errorCode: 7, origin: 'remote', unprocessed: true, reason: 'refused' };

describe('a call', () => {
  it('is made again three times, at once and then after a while', () => {
    const replay = new Replay<string>();
    replay.add('request', 7, true);
    expect(replay.after(refused)).toBe(0);
    const second = replay.after(refused) as number;
    const third = replay.after(refused) as number;
    expect(second >= 16 && second <= 24 && third >= 80 && third <= 120).toBe(true);
    expect(replay.after(refused)).toBeUndefined();
    expect(replay.messages).toEqual(['request']);
  });

  it('is not made again when the server may have looked at it, or has begun to answer', () => {
    const replay = new Replay<string>();
    expect(replay.after({ ...refused, unprocessed: false })).toBeUndefined();
    replay.stop();
    expect(replay.after(refused)).toBeUndefined();
    expect(replay.possible).toBe(false);
  });

  it('keeps its first message whatever its size, and more up to 256 KiB', () => {
    const replay = new Replay<string>();
    replay.add('large', 1_000_000, true);
    expect(replay.possible).toBe(true);
    replay.add('small', 1, true);
    expect(replay.possible).toBe(false);
    expect(replay.messages).toEqual([]);
    replay.add('later', 1, false);
    expect(replay.messages).toEqual([]);
  });

  it('keeps what was not sent yet, however much it is', () => {
    const replay = new Replay<string>();
    for (const text of ['one', 'two', 'three']) replay.add(text, 1_000_000, false);
    expect(replay.messages).toEqual(['one', 'two', 'three']);
  });

  it('says once of each message that it keeps it, and once that it does not', () => {
    const kept: string[] = [];
    const letGo: string[] = [];
    const replay = new Replay<string>({
      keep: (message) => void kept.push(message),
      letGo: (message) => void letGo.push(message),
    });
    replay.add('one', 100, false);
    replay.add('two', 100, true);
    replay.after(refused);
    expect([kept, letGo]).toEqual([['one', 'two'], []]);
    replay.add('too much', 1_000_000, true);
    expect(letGo).toEqual(kept);
    replay.add('later', 1, true);
    replay.stop();
    expect([kept, letGo]).toEqual([
      ['one', 'two', 'too much'],
      ['one', 'two', 'too much'],
    ]);
  });
});
