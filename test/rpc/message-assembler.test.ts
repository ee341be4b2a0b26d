import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { MessageAssembler } from '../../src/rpc/message-assembler.js';
import { frameMessage } from '../../src/rpc/message-frame.js';
import { recycledMemory } from '../../src/rpc/recycled-memory.js';

const bytes = (...octets: number[]) => new Uint8Array(octets);
const ignore = () => {};

function collector() {
  const messages: { payload: Uint8Array; compressed: boolean }[] = [];
  return {
    messages,
    deliver: (payload: Uint8Array, compressed: boolean) => void messages.push({ payload, compressed }),
  };
}

describe('messages', () => {
  it('inside one chunk keep nothing of it', () => {
    const { messages, deliver } = collector();
    const chunk = Buffer.concat([frameMessage(bytes(1, 2)), frameMessage(bytes()), frameMessage(bytes(3), true)]);
    new MessageAssembler(10).push(chunk, deliver);
    chunk.fill(0xdb);
    expect(messages.map(({ payload, compressed }) => [[...payload], compressed])).toEqual([
      [[1, 2], false],
      [[], false],
      [[3], true],
    ]);
  });

  it('over several chunks are put together', () => {
    const { messages, deliver } = collector();
    const assembler = new MessageAssembler(10);
    for (const octet of frameMessage(bytes(1, 2, 3))) {
      assembler.push(bytes(octet), deliver);
    }
    expect(messages.map(({ payload }) => [...payload])).toEqual([[1, 2, 3]]);
    assembler.end();
  });

  it('without a body are delivered with the last octet of their prefix', () => {
    const { messages, deliver } = collector();
    const assembler = new MessageAssembler(10);
    assembler.push(bytes(0, 0, 0), deliver);
    assembler.push(bytes(0, 0), deliver);
    expect(messages).toHaveLength(1);
    expect(assembler.partialLength).toBe(0);
  });

  it('come out the same however the stream is cut', () => {
    const message = fc.tuple(fc.uint8Array({ maxLength: 3_000, size: 'max' }), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 2_000 })),
        (sent, cuts) => {
          const stream = Buffer.concat(sent.map(([payload, compressed]) => frameMessage(payload, compressed)));
          const { messages, deliver } = collector();
          const assembler = new MessageAssembler(3_000);
          let offset = 0;
          while (offset < stream.length) {
            const length = cuts.next().value ?? 1;
            assembler.push(stream.subarray(offset, offset + length), deliver);
            offset += length;
          }
          assembler.end();
          expect(assembler.partialLength).toBe(0);
          expect(messages.map(({ payload, compressed }) => [Buffer.from(payload), compressed])).toEqual(
            sent.map(([payload, compressed]) => [Buffer.from(payload), compressed]),
          );
        },
      ),
    );
  });
});

describe('a partial message', () => {
  it('tells how much of it is here and how long it will be', () => {
    const assembler = new MessageAssembler(100);
    const seen = () => [assembler.partialLength, assembler.announcedLength];
    expect(seen()).toEqual([0, 0]);
    assembler.push(bytes(0, 0, 0), ignore);
    expect(seen()).toEqual([3, 0]);
    assembler.push(bytes(0, 10), ignore);
    expect(seen()).toEqual([5, 10]);
    assembler.push(bytes(1, 2, 3), ignore);
    expect(seen()).toEqual([8, 10]);
    assembler.push(bytes(4, 5, 6, 7, 8, 9, 10, 0), ignore);
    expect(seen()).toEqual([1, 0]);
  });

  it('takes memory for what has arrived, not for what is announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const assemblers = Array.from({ length: 16 }, () => new MessageAssembler(2 ** 32));
    for (const assembler of assemblers) {
      assembler.push(bytes(0, 0xff, 0xff, 0xff, 0xff, 1), ignore);
    }
    expect(assemblers[0]!.announcedLength).toBe(0xffffffff);
    expect(assemblers[0]!.partialLength).toBe(6);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it('does not keep the chunks it came in', () => {
    const { messages, deliver } = collector();
    const assembler = new MessageAssembler(100);
    const first = Buffer.from(frameMessage(bytes(1, 2, 3, 4)));
    assembler.push(first.subarray(0, 7), deliver);
    first.fill(0);
    assembler.push(bytes(3, 4), deliver);
    expect([...messages[0]!.payload]).toEqual([1, 2, 3, 4]);
    expect(messages[0]!.payload.buffer.byteLength).toBe(4);
  });

  it('is put together in memory that is used again, and delivered in memory of its own', () => {
    const returned: Uint8Array[] = [];
    recycledMemory.onReturn = (memory) => void returned.push(memory.fill(0xdb));
    try {
      const { messages, deliver } = collector();
      const assembler = new MessageAssembler(2_000_000);
      const sent = Buffer.alloc(1_000_000, 'message');
      const frame = frameMessage(sent);
      for (let from = 0; from < frame.length; from += 20_000) {
        assembler.push(frame.subarray(from, from + 20_000), deliver);
      }
      expect(returned.length).toBeGreaterThan(0);
      const { payload } = messages[0]!;
      expect(payload.buffer.byteLength).toBe(sent.length);
      expect(returned.every(({ buffer }) => buffer !== payload.buffer)).toBe(true);
      expect(sent.equals(payload)).toBe(true);
      const before = returned.length;
      assembler.push(frame.subarray(0, 20_000), ignore);
      assembler.close();
      expect(returned.length).toBe(before + 1);
    } finally {
      recycledMemory.onReturn = undefined;
    }
  });

  it.each([
    [bytes(0), /after 1 bytes of it/],
    [bytes(0, 0, 0, 0, 9), /after 5 of 14 bytes of it/],
    [bytes(0, 0, 0, 0, 9, 1, 2), /after 7 of 14 bytes of it/],
  ])('at the end of the stream is an error: %j', (chunk, message) => {
    const assembler = new MessageAssembler(100);
    assembler.push(chunk, ignore);
    try {
      assembler.end();
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: Code.INTERNAL, message: expect.stringMatching(message) });
    }
  });
});

describe('limits', () => {
  it('refuse a message as soon as its length is known, naming both sizes', () => {
    const assembler = new MessageAssembler(4_194_304);
    const push = () => assembler.push(bytes(0, 0x00, 0x40, 0x00, 0x01), ignore);
    expect(push).toThrow(
      expect.objectContaining({
        code: Code.RESOURCE_EXHAUSTED,
        statusMessage:
          'received a message of 4194305 bytes, larger than the limit of 4194304 bytes; ' +
          'raise limits.maxReceiveMessageLength of the receiver, or send a stream',
      }),
    );
  });

  it.each([
    [0, 0, true],
    [0, 1, false],
    [5, 5, true],
    [5, 6, false],
    [Number.POSITIVE_INFINITY, 1_000, true],
  ])('of %d bytes: a message of %d bytes passes: %s', (limit, length, passes) => {
    const { messages, deliver } = collector();
    const push = () => new MessageAssembler(limit).push(frameMessage(new Uint8Array(length)), deliver);
    if (passes) {
      push();
      expect(messages).toHaveLength(1);
    } else {
      expect(push).toThrow(expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }));
    }
  });

  it.each([2, 128, 255])('refuse the compressed flag %d', (flag) => {
    const push = () => new MessageAssembler(100).push(bytes(flag, 0, 0, 0, 0), ignore);
    expect(push).toThrow(expect.objectContaining({ code: Code.INTERNAL }));
    expect(push).toThrow(`flag ${flag};`);
  });

  it('close the assembler: what came before is delivered, nothing after', () => {
    const { messages, deliver } = collector();
    const assembler = new MessageAssembler(3);
    const chunk = Buffer.concat([frameMessage(bytes(1)), frameMessage(bytes(1, 2, 3, 4)), frameMessage(bytes(2))]);
    expect(() => assembler.push(chunk, deliver)).toThrow(/larger/);
    assembler.push(frameMessage(bytes(3)), deliver);
    expect(messages.map(({ payload }) => [...payload])).toEqual([[1]]);
  });
});

describe('close', () => {
  it('from inside a delivery stops the rest of the chunk', () => {
    const assembler = new MessageAssembler(100);
    const delivered: number[] = [];
    const chunk = Buffer.concat([1, 2, 3].map((octet) => frameMessage(bytes(octet))));
    assembler.push(chunk, (payload) => {
      delivered.push(payload[0]!);
      if (payload[0] === 2) {
        assembler.close();
      }
    });
    expect(delivered).toEqual([1, 2]);
  });

  it('drops a partial message, whose end is no error then', () => {
    const assembler = new MessageAssembler(100);
    assembler.push(bytes(0, 0, 0, 0, 9, 1), ignore);
    assembler.close();
    expect(assembler.partialLength).toBe(0);
    assembler.end();
  });
});

it('goes on with the next message when a delivery throws', () => {
  const { messages, deliver } = collector();
  const assembler = new MessageAssembler(100);
  expect(() =>
    assembler.push(frameMessage(bytes(1)), () => {
      throw new Error('consumer');
    }),
  ).toThrow('consumer');
  assembler.push(frameMessage(bytes(2)), deliver);
  expect([...messages[0]!.payload]).toEqual([2]);
});
