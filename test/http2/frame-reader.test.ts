import { describe, expect, it } from 'vitest';
import { FrameReader, type FrameSink } from '../../src/http2/frame-reader.js';
import { block, CONTINUATION, DATA, frame, GOAWAY, HEADERS, PADDED, PING, settings, uint32 } from './wire.js';

/** What a reader said, one line each. */
class Lines implements FrameSink {
  readonly lines: string[] = [];

  onDataFrame(streamId: number, length: number, endStream: boolean): void {
    this.lines.push(`data ${streamId} ${length}${endStream ? ' end' : ''}`);
  }

  onDataPadding(octets: number): void {
    this.lines.push(`padding ${octets}`);
  }

  onDataPayload(payload: Uint8Array, last: boolean): void {
    this.lines.push(`payload ${payload.length}${last ? ' last' : ''}`);
  }

  onHeaderBlock(streamId: number, block: Uint8Array, from: number, to: number, endStream: boolean): void {
    const bytes = block.subarray(from, to);
    this.lines.push(`block ${streamId} ${Buffer.from(bytes).toString('hex')}${endStream ? ' end' : ''}`);
  }

  onFrame(type: number, _flags: number, streamId: number, _bytes: Uint8Array, _from: number, length: number): void {
    this.lines.push(`frame ${type} ${streamId} ${length}`);
  }

  onUnknownFrame(): void {
    this.lines.push('unknown');
  }
}

function reader() {
  const sink = new Lines();
  const made = new FrameReader({ preface: false, maxFrameSize: 1024 * 1024, maxHeaderBlock: 100_000 }, sink);
  made.read(settings(), 1);
  sink.lines.length = 0;
  return { reader: made, lines: sink.lines };
}

describe('FrameReader', () => {
  it('hands DATA on in the pieces in which it comes, without its padding', () => {
    const { reader: made, lines } = reader();
    const bytes = frame(DATA, PADDED | 1, 3, Buffer.concat([Buffer.of(2), Buffer.alloc(10), Buffer.alloc(2)]));
    made.read(bytes.subarray(0, 4), 1);
    made.read(bytes.subarray(4, 13), 1);
    made.read(bytes.subarray(13, 21), 1);
    made.read(bytes.subarray(21), 1);
    expect(lines).toEqual(['data 3 13 end', 'padding 3', 'payload 3', 'payload 7 last']);
    made.read(frame(DATA, 0, 3), 1);
    made.read(frame(DATA, PADDED, 3, Buffer.of(0)), 1);
    expect(lines.slice(4)).toEqual(['data 3 0', 'payload 0 last', 'data 3 1', 'padding 1', 'payload 0 last']);
  });

  it('skips an unknown frame however large, without keeping it', () => {
    const { reader: made, lines } = reader();
    const bytes = Buffer.concat([frame(0x99, 0, 0, Buffer.alloc(1024 * 1024)), frame(PING, 0, 0, Buffer.alloc(8))]);
    for (let at = 0; at < bytes.length; at += 65_536) {
      made.read(bytes.subarray(at, at + 65_536), 1);
      expect(made.unfinishedSince).toBeUndefined();
    }
    expect(lines).toEqual(['unknown', `frame ${PING} 0 8`]);
  });

  it('does not gather a control frame that is far too large', () => {
    const { reader: made } = reader();
    const header = frame(GOAWAY, 0, 0, Buffer.alloc(100_000)).subarray(0, 9);
    expect(() => made.read(header, 1)).toThrow('FRAME_SIZE_ERROR: a control frame of 100000 octets');
  });

  it('does not gather a header block that is far too large', () => {
    const { reader: made } = reader();
    made.read(frame(HEADERS, 0, 1, Buffer.alloc(60_000)), 1);
    const header = frame(CONTINUATION, 0, 1, Buffer.alloc(60_000)).subarray(0, 9);
    expect(() => made.read(header, 1)).toThrow('ENHANCE_YOUR_CALM: a header block is over 100000 octets');
  });

  it('joins header blocks, whose parts may change behind it', () => {
    const { reader: made, lines } = reader();
    const bytes = block(['name', 'value']);
    const first = frame(HEADERS, 1, 5, bytes.subarray(0, 4));
    made.read(first, 1);
    first.fill(0xff);
    expect(made.unfinishedSince).toBe(1);
    made.read(frame(CONTINUATION, 4, 5, bytes.subarray(4)), 2);
    expect(lines).toEqual([`block 5 ${bytes.toString('hex')} end`]);
    expect(made.unfinishedSince).toBeUndefined();
  });

  it('reads nothing more when it was stopped', () => {
    const { reader: made, lines } = reader();
    made.read(frame(GOAWAY, 0, 0, uint32(0, 0)), 1);
    made.stop();
    made.read(frame(PING, 0, 0, Buffer.alloc(8)), 1);
    expect(lines).toEqual([`frame ${GOAWAY} 0 8`]);
  });
});
