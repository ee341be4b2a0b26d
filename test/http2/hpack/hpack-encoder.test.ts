import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.js';

const REQUEST = [
  ...[':method', 'POST', ':scheme', 'http', ':path', '/podinfo.v1.PodInfo/Describe', ':authority', 'localhost'],
  ...['te', 'trailers', 'content-type', 'application/grpc', 'user-agent', 'podwire/0.1'],
];

describe('HpackEncoder', () => {
  it('sends the second of equal requests as one octet per field', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const first = encoder.encode(REQUEST);
    expect(first.length).toBeGreaterThan(40);
    expect(decoder.decode(first)).toEqual(REQUEST);
    const second = encoder.encode([...REQUEST]);
    expect(second).toHaveLength(7);
    expect(decoder.decode(second)).toEqual(REQUEST);
  });

  it('keeps the tables of connections apart that take turns, in blocks of all lengths', () => {
    const ends = Array.from({ length: 3 }, () => ({
      encoder: new HpackEncoder(),
      decoder: new HpackDecoder({ maxHeaderListSize: 30_000 }),
    }));
    for (let turn = 0; turn < 60; turn++) {
      ends.forEach(({ encoder, decoder }, index) => {
        const fields = [...REQUEST, 'x-end', `${index}`, 'x-turn', 'v'.repeat((turn * 701 * (index + 1)) % 20_000)];
        expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
      });
    }
  });

  it('encodes nothing to nothing', () => {
    expect(new HpackEncoder().encode([])).toHaveLength(0);
  });

  it('reads the array anew each time', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const fields = [':path', '/a', ':path', '/b'];
    for (const [first, second] of [
      ['/a', '/b'],
      ['/b', '/a'],
      ['/a', '/a'],
      ['/c', '/d'],
      ['/a', '/b'],
    ]) {
      fields[1] = first;
      fields[3] = second;
      expect(decoder.decode(encoder.encode(fields))).toEqual([':path', first, ':path', second]);
    }
  });

  it('returns a view that the next call overwrites', () => {
    const encoder = new HpackEncoder();
    const first = encoder.encode([':method', 'GET']);
    expect([...first]).toEqual([0x82]);
    encoder.encode([':method', 'POST']);
    expect([...first]).toEqual([0x83]);
  });

  it('has room for a block of any size, and is itself again afterwards', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder({ maxHeaderListSize: 10_000_000 });
    for (const length of [200, 250, 300, 5_000, 100_000, 1, 70_000, 1]) {
      const fields = ['x-a', 'v'.repeat(length), ':method', 'GET', 'n'.repeat(length), '', ':path', '/'];
      expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
    }
    const many = Array.from({ length: 5_000 }, (_, i) => [':method', 'GET', 'x', String(i)]).flat();
    expect(decoder.decode(encoder.encode(many))).toEqual(many);
  });

  describe('representations', () => {
    it.each([
      [':method', 'POST', 0x83],
      [':scheme', 'http', 0x86],
      [':status', '200', 0x88],
      ['accept-encoding', 'gzip, deflate', 0x90],
      ['content-length', '', 0x9c],
    ])('%s: %s is in the static table', (name, value, octet) => {
      expect([...new HpackEncoder().encode([name, value])]).toEqual([octet]);
    });

    it.each([
      [':authority', 'localhost'],
      [':path', '/csi.v1.Identity/Probe'],
      [':status', '415'],
      ['content-type', 'application/grpc'],
      ['grpc-accept-encoding', 'identity,gzip'],
      ['grpc-encoding', 'gzip'],
      ['grpc-status', '0'],
      ['te', 'trailers'],
      ['user-agent', 'podwire/1.0'],
    ])('%s: %s goes into the dynamic table at once', (name, value) => {
      const encoder = new HpackEncoder();
      expect(encoder.encode([name, value])[0] & 0xc0).toBe(0x40);
      expect([...encoder.encode([name, value])]).toEqual([0xbe]);
    });

    it.each(['content-length', 'grpc-message', 'grpc-status-details-bin'])('%s stays out of the table', (name) => {
      const encoder = new HpackEncoder();
      for (let i = 0; i < 5; i++) expect(encoder.encode([name, '17'])[0] & 0xf0).toBe(0);
    });

    it.each(['authorization', 'cookie', 'proxy-authorization', 'set-cookie'])('%s is never indexed', (name) => {
      const encoder = new HpackEncoder();
      for (let i = 0; i < 5; i++) {
        const block = encoder.encode([name, 'hunter2']);
        expect(block[0] & 0xf0).toBe(0x10);
        // Without Huffman coding, whose length would tell something of the letters.
        expect(Buffer.from(block.subarray(-8)).toString('latin1')).toBe('\x07hunter2');
      }
      expect(encoder.encode([name, ''])[0] & 0xf0).toBe(0x10);
    });

    it('gives grpc-timeout an index for its name at once, and for a value when that repeats', () => {
      const encoder = new HpackEncoder();
      const encoded = (value: string) => Buffer.from(encoder.encode(['grpc-timeout', value])).toString('latin1');
      expect(encoded('999m').charCodeAt(0)).toBe(0x40);
      for (const value of ['998m', '997m']) expect(encoded(value)).toBe(`\x0f\x2f\x04${value}`);
      expect(encoded('997m').charCodeAt(0)).toBe(0x40 | 62);
      expect(encoded('997m')).toBe('\xbe');
    });

    it('puts other fields into the table when the pair comes again', () => {
      const encoder = new HpackEncoder();
      expect(encoder.encode(['x-tenant', 'a'])[0]).toBe(0x00);
      expect(encoder.encode(['x-tenant', 'a'])[0]).toBe(0x40);
      expect([...encoder.encode(['x-tenant', 'a'])]).toEqual([0xbe]);
    });

    it('does not let values that never repeat push out those that do', () => {
      const encoder = new HpackEncoder();
      encoder.encode(REQUEST);
      for (let i = 0; i < 1_000; i++)
        encoder.encode([...REQUEST, 'x-trace', `${i}`.repeat(10), 'grpc-timeout', `${i}m`]);
      expect(encoder.encode(REQUEST)).toHaveLength(7);
    });

    it('does not insert what would push out half the table', () => {
      const encoder = new HpackEncoder();
      encoder.encode(REQUEST);
      for (let i = 0; i < 3; i++) expect(encoder.encode([':path', '/'.repeat(2_100)])[0] & 0xf0).toBe(0);
      expect(encoder.encode(REQUEST)).toHaveLength(7);
    });

    it('sends an entry again after it was evicted', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      decoder.decode(encoder.encode(REQUEST));
      for (let i = 0; i < 200; i++) decoder.decode(encoder.encode([':path', `/service/${i}`]));
      const block = encoder.encode(REQUEST);
      expect(block.length).toBeGreaterThan(40);
      expect(decoder.decode(block)).toEqual(REQUEST);
      expect(encoder.encode(REQUEST)).toHaveLength(7);
    });

    it('uses Huffman coding for what goes into the table only', () => {
      const encoder = new HpackEncoder();
      // RFC 7541 appendix C.4.1.
      expect(hex(encoder.encode([':authority', 'www.example.com']))).toBe('418cf1e3c2e5f23a6ba0ab90f4ff');
      expect(hex(encoder.encode(['grpc-message', 'no']))).toBe(
        `000c${Buffer.from('grpc-message').toString('hex')}026e6f`,
      );
      // Not when it would be longer.
      expect(hex(encoder.encode([':authority', '~~~']))).toBe('41037e7e7e');
    });
  });

  describe('table size updates', () => {
    it('are not sent when the peer allows more than we keep', () => {
      const encoder = new HpackEncoder();
      encoder.setPeerMaxTableSize(65_536);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('82');
    });

    it('come once, before the next block', () => {
      const encoder = new HpackEncoder();
      encoder.setPeerMaxTableSize(256);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('3fe10182');
      expect(hex(encoder.encode([':method', 'GET']))).toBe('82');
      encoder.setPeerMaxTableSize(256);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('82');
    });

    it('name the smallest size and the last', () => {
      const encoder = new HpackEncoder();
      for (const size of [1_000, 30, 100, 256]) encoder.setPeerMaxTableSize(size);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('3e3fe10182');
      for (const size of [0, 256]) encoder.setPeerMaxTableSize(size);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('203fe10182');
      for (const size of [256, 100, 0]) encoder.setPeerMaxTableSize(size);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('2082');
    });

    it('begin with our own bound when it is below the initial size', () => {
      const encoder = new HpackEncoder({ maxTableSize: 100 });
      expect(hex(encoder.encode([':method', 'GET']))).toBe('3f4582');
      encoder.setPeerMaxTableSize(4_096);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('82');
    });

    it('let the table grow to our own bound when the peer allows it', () => {
      const encoder = new HpackEncoder({ maxTableSize: 8_192 });
      expect(hex(encoder.encode([':method', 'GET']))).toBe('82');
      encoder.setPeerMaxTableSize(65_536);
      expect(hex(encoder.encode([':method', 'GET']))).toBe('3fe13f82');
    });

    it('empty the table at 0, for good', () => {
      const encoder = new HpackEncoder();
      encoder.encode(REQUEST);
      encoder.setPeerMaxTableSize(0);
      const decoder = new HpackDecoder();
      for (let i = 0; i < 3; i++) {
        const block = encoder.encode(REQUEST);
        expect(decoder.decode(block)).toEqual(REQUEST);
        expect(block.length).toBeGreaterThan(40);
      }
    });
  });

  describe('refuses', () => {
    it.each([
      ['a character above U+00FF in a value', [':path', '/\u010a']],
      ['the same in a value of a never-indexed field', ['authorization', '\u010a']],
      ['the same in a long value', ['x', `${'a'.repeat(100)}\u010a`]],
      ['the same in a name', ['x-\u010a', 'a']],
      ['a name without a value', [':method', 'GET', ':path']],
    ])('%s, and stays in step with the peer', (_title, wrong) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      decoder.decode(encoder.encode(REQUEST));
      expect(() => encoder.encode(['user-agent', 'lost with this block', ...wrong])).toThrow(TypeError);
      for (let i = 0; i < 3; i++) {
        expect(decoder.decode(encoder.encode(REQUEST))).toEqual(REQUEST);
        const fields = ['user-agent', 'lost with this block'];
        expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
      }
    });
  });
});

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
