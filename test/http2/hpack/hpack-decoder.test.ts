import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import { writeInteger } from '../../../src/http2/hpack/integer.js';

describe('HpackDecoder', () => {
  it('decodes nothing to nothing', () => {
    expect(new HpackDecoder().decode(block())).toEqual([]);
  });

  it('refers to names in both tables', () => {
    const decoder = new HpackDecoder();
    expect(decoder.decode(block(insert('x', '1'), indexedName(0x40, 0x3f, 4, '/a'), '\xbe\xbf'))).toEqual([
      'x',
      '1',
      ':path',
      '/a',
      ':path',
      '/a',
      'x',
      '1',
    ]);
    expect(decoder.decode(block(indexedName(0, 0x0f, 63, '2'), indexedName(0x10, 0x0f, 63, '3')))).toEqual([
      'x',
      '2',
      'x',
      '3',
    ]);
    expect(decoder.decode(block('\xbf'))).toEqual(['x', '1']);
  });

  describe('a block that comes again', () => {
    it('gives the same list, which nobody can change', () => {
      const decoder = new HpackDecoder();
      decoder.decode(block(insert('x', '1')));
      const fields = decoder.decode(block('\x82\xbe'));
      expect(fields).toEqual([':method', 'GET', 'x', '1']);
      expect(decoder.decode(block('..\x82\xbe..'), 2, 4)).toBe(fields);
      expect(() => fields.push('y', '2')).toThrow(TypeError);
      expect(decoder.decode(block('\xbe\x82'))).toEqual(['x', '1', ':method', 'GET']);
    });

    it.each<[string, Parameters<typeof block>, string[] | undefined]>([
      ['an insertion', [insert('y', '2')], ['y', '2']],
      ['a size update that empties the table', [sizeUpdate(0)], undefined],
      ['an entry larger than the table', [insert('z', 'z'.repeat(5_000))], undefined],
    ])('is read anew after %s', (_change, change, expected) => {
      const decoder = new HpackDecoder();
      decoder.decode(block(insert('x', '1')));
      for (let times = 0; times < 2; times++) expect(decoder.decode(block('\xbe'))).toEqual(['x', '1']);
      decoder.decode(block(...change));
      if (expected === undefined) expect(() => decoder.decode(block('\xbe'))).toThrow(/index 62 is out of range/);
      else expect(decoder.decode(block('\xbe'))).toEqual(expected);
    });

    it('is cut at the list limit each time', () => {
      const decoder = new HpackDecoder({ maxHeaderListSize: 50 });
      for (let times = 0; times < 3; times++) {
        expect(decoder.decode(block('\x82\x82'))).toEqual([':method', 'GET']);
        expect(decoder.headerListTooLarge).toBe(true);
        expect(decoder.decode(block('\x82'))).toEqual([':method', 'GET']);
        expect(decoder.headerListTooLarge).toBe(false);
      }
    });
  });

  it('reads octets above 7f and empty strings', () => {
    expect(new HpackDecoder().decode(block(literal('', ''), literal('n\xff', '\x80\0')))).toEqual([
      '',
      '',
      'n\xff',
      '\x80\0',
    ]);
  });

  it('does not keep the octets it was given', () => {
    const decoder = new HpackDecoder();
    const octets = block(insert('name-of-some-length', 'value-of-some-length'));
    const fields = decoder.decode(octets);
    octets.fill(0);
    expect(fields).toEqual(['name-of-some-length', 'value-of-some-length']);
    expect(decoder.decode(block('\xbe'))).toEqual(fields);
  });

  it('decodes a Huffman-coded string of any length', () => {
    // Thirty thousand times '0' and 'a' in five bits each: 00000 00011.
    const pattern = [0x00, 0xc0, 0x30, 0x0c, 0x03];
    const octets = Uint8Array.from({ length: 37_500 }, (_, i) => pattern[i % 5]);
    const decoder = new HpackDecoder({ maxHeaderListSize: 100_000 });
    const [, value] = decoder.decode(block('\0\x01n', integer(0x80, 0x7f, octets.length), octets));
    expect(value).toBe('0a'.repeat(30_000));
  });

  describe('refuses', () => {
    it.each<[string, Uint8Array, RegExp]>([
      ['index 0', block('\x80'), /index 0/],
      ['an index behind the static table while the dynamic table is empty', block('\xbe'), /index 62 is out of range/],
      ['an index behind the dynamic table', block(insert('a', 'b'), '\xbf'), /index 63 is out of range/],
      ['a name index out of range', block(indexedName(0x40, 0x3f, 62, 'a')), /index 62 is out of range/],
      ['a huge index', block('\xff\xff\xff\xff\xff\x0f'), /larger than/],
      ['a block that ends inside an index', block('\xff\x80'), /ends inside an integer/],
      ['a block that ends before a name', block('\x40'), /ends before a string/],
      ['a block that ends inside a name', block('\x40\x05abcd'), /ends inside a string/],
      ['a block that ends before a value', block('\x40\x01a'), /ends before a string/],
      ['a block that ends inside a value', block('\x40\x01a\x02b'), /ends inside a string/],
      ['a block that ends inside the length of a string', block('\x40\x7f\x80'), /ends inside an integer/],
      ['a string of nearly 2^31 octets', block('\x40\x7f\x80\xff\xff\xff\x07'), /ends inside a string/],
      ['EOS in a string', block('\x00\x84\xff\xff\xff\xfc\x01a'), /EOS/],
      ['wrong Huffman padding', block('\x00\x81\x18\x01a'), /not all ones/],
      ['too much Huffman padding', block('\x00\x82\x1f\xff\x01a'), /longer than seven bits/],
      ['a size update behind a field', block('\x82\x20'), /after a field/],
      ['a size update above what was advertised', block(sizeUpdate(4097)), /above the advertised 4096/],
      ['three size updates', block('\x20\x20\x20'), /more than two/],
      ['a size update that is cut off', block('\x3f'), /ends inside an integer/],
    ])('%s', (_title, octets, message) => {
      const decode = () => new HpackDecoder().decode(octets);
      expect(decode).toThrow(HpackError);
      expect(decode).toThrow(message);
    });

    it('an entry that was evicted', () => {
      const decoder = new HpackDecoder();
      decoder.decode(block(sizeUpdate(70), insert('a', '1'), insert('b', '2')));
      expect(decoder.decode(block('\xbe\xbf'))).toEqual(['b', '2', 'a', '1']);
      decoder.decode(block(insert('c', '3')));
      expect(() => decoder.decode(block('\xc0'))).toThrow(/index 64 is out of range/);
    });
  });

  describe('table size updates', () => {
    it('may come alone or twice, and evict', () => {
      const decoder = new HpackDecoder();
      decoder.decode(block(insert('a', '1')));
      expect(decoder.decode(block(sizeUpdate(100)))).toEqual([]);
      expect(decoder.decode(block('\xbe'))).toEqual(['a', '1']);
      expect(decoder.decode(block('\x20', sizeUpdate(4096), '\x82'))).toEqual([':method', 'GET']);
      expect(() => decoder.decode(block('\xbe'))).toThrow(/out of range/);
    });

    it('go up to what was advertised', () => {
      const decoder = new HpackDecoder({ maxTableSize: 10_000 });
      const value = 'v'.repeat(9_000);
      // Until then the table has its initial size, and an entry that does not fit empties it.
      expect(decoder.decode(block(insert('a', '1'), insert('b', value)))).toEqual(['a', '1', 'b', value]);
      expect(decoder.decode(block(sizeUpdate(10_000), insert('b', value), '\xbe'))).toHaveLength(2);
      expect(decoder.headerListTooLarge).toBe(true);
      expect(decoder.decode(block('\xbe'))).toEqual(['b', value]);
      expect(() => decoder.decode(block(sizeUpdate(10_001)))).toThrow(/above the advertised 10000/);
    });

    it('may use the initial size until a smaller one is acknowledged', () => {
      const decoder = new HpackDecoder({ maxTableSize: 100 });
      const value = 'v'.repeat(1_000);
      decoder.decode(block(insert('a', value)));
      expect(decoder.decode(block('\xbe'))).toEqual(['a', value]);
      decoder.setMaxTableSize(100);
      expect(() => decoder.decode(block('\xbe'))).toThrow(/no table size update to 100 or less/);
    });

    it('must answer a reduction with the next block', () => {
      const decoder = new HpackDecoder();
      decoder.setMaxTableSize(50);
      expect(decoder.decode(block(sizeUpdate(50), '\x82'))).toEqual([':method', 'GET']);
      expect(decoder.decode(block('\x82'))).toEqual([':method', 'GET']);
      expect(() => decoder.decode(block(sizeUpdate(51)))).toThrow(/above the advertised 50/);
    });

    it('must name the smallest size even if the last is a reduction too', () => {
      const decoder = new HpackDecoder();
      decoder.setMaxTableSize(50);
      decoder.setMaxTableSize(200);
      expect(() => decoder.decode(block(sizeUpdate(200), '\x82'))).toThrow(/no table size update to 50 or less/);
    });

    it('must name the smallest size in between', () => {
      const reduced = () => {
        const decoder = new HpackDecoder();
        decoder.setMaxTableSize(200);
        decoder.setMaxTableSize(50);
        decoder.setMaxTableSize(4096);
        return decoder;
      };
      expect(reduced().decode(block(sizeUpdate(50), sizeUpdate(4096), '\x82'))).toEqual([':method', 'GET']);
      expect(reduced().decode(block('\x20', '\x82'))).toEqual([':method', 'GET']);
      expect(() => reduced().decode(block(sizeUpdate(4096), '\x82'))).toThrow(/no table size update to 50 or less/);
      expect(() => reduced().decode(block('\x82'))).toThrow(/no table size update to 50 or less/);
    });

    it('are not owed for a size that the table has not left', () => {
      const decoder = new HpackDecoder();
      decoder.decode(block(sizeUpdate(100)));
      decoder.setMaxTableSize(100);
      expect(decoder.decode(block('\x82'))).toEqual([':method', 'GET']);
    });
  });

  describe('the header list limit', () => {
    it('counts name, value and 32 for each field', () => {
      const decoder = new HpackDecoder({ maxHeaderListSize: 82 });
      expect(decoder.decode(block('\x82', literal('a', '1234567')))).toHaveLength(4);
      expect(decoder.headerListTooLarge).toBe(false);
      expect(decoder.decode(block('\x82', literal('a', '12345678')))).toEqual([':method', 'GET']);
      expect(decoder.headerListTooLarge).toBe(true);
      expect(decoder.decode(block('\x82'))).toEqual([':method', 'GET']);
      expect(decoder.headerListTooLarge).toBe(false);
    });

    it('is 16384 by default', () => {
      const decoder = new HpackDecoder();
      expect(decoder.decode(block(literal('a', 'v'.repeat(16_384 - 33))))).toHaveLength(2);
      expect(decoder.decode(block(literal('a', 'v'.repeat(16_384 - 32))))).toEqual([]);
      expect(decoder.headerListTooLarge).toBe(true);
    });

    it('drops all that follows, be it small', () => {
      const decoder = new HpackDecoder({ maxHeaderListSize: 100 });
      expect(decoder.decode(block('\x82', literal('a', 'v'.repeat(80)), literal('', ''), '\x82'))).toEqual([
        ':method',
        'GET',
      ]);
    });

    it('bounds what many references to one large entry become', () => {
      const decoder = new HpackDecoder();
      const value = 'v'.repeat(4_000);
      const fields = decoder.decode(block(insert('bomb', value), '\xbe'.repeat(16_000)));
      expect(fields).toEqual(new Array(4).fill(['bomb', value]).flat());
      expect(decoder.headerListTooLarge).toBe(true);
    });

    it('leaves the dynamic table in step', () => {
      const decoder = new HpackDecoder({ maxHeaderListSize: 60 });
      const fields = decoder.decode(
        block(literal('a', 'v'.repeat(80)), insert('b', 'w'.repeat(70)), insert('c', '3'), '\x40\x81\x1f\x81\x1f'),
      );
      expect(fields).toEqual([]);
      expect(decoder.headerListTooLarge).toBe(true);
      expect(decoder.decode(block('\xbe'))).toEqual(['a', 'a']);
      expect(decoder.decode(block('\xbf'))).toEqual(['c', '3']);
      const roomy = new HpackDecoder({ maxHeaderListSize: 103 });
      roomy.decode(block(literal('a', 'v'.repeat(80)), insert('b', 'w'.repeat(70))));
      expect(roomy.decode(block('\xbe'))).toEqual(['b', 'w'.repeat(70)]);
    });

    it('leaves the dynamic table in step when an entry is larger than the table', () => {
      const decoder = new HpackDecoder({ maxHeaderListSize: 60 });
      decoder.decode(block(insert('a', '1'), insert('n'.repeat(5_000), 'v'), insert('b', '2')));
      expect(decoder.decode(block('\xbe'))).toEqual(['b', '2']);
      expect(() => decoder.decode(block('\xbf'))).toThrow(/index 63 is out of range/);
    });

    it('does not hide errors that come behind it', () => {
      const decode = (octets: string) => new HpackDecoder({ maxHeaderListSize: 0 }).decode(block('\x82', octets));
      expect(() => decode('\xbe')).toThrow(HpackError);
      expect(() => decode('\x00\x81\x18\x01a')).toThrow(HpackError);
      expect(() => decode('\x00\x02a')).toThrow(HpackError);
    });
  });
});

/** Octets from latin1 text and from octets. */
function block(...parts: (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
}

function integer(pattern: number, prefix: number, value: number): Uint8Array {
  const target = new Uint8Array(6);
  return target.subarray(0, writeInteger(target, 0, pattern, prefix, value));
}

function plain(text: string): Uint8Array {
  return block(integer(0, 0x7f, text.length), text);
}

function literal(name: string, value: string): Uint8Array {
  return block('\0', plain(name), plain(value));
}

function insert(name: string, value: string): Uint8Array {
  return block('\x40', plain(name), plain(value));
}

function indexedName(pattern: number, prefix: number, index: number, value: string): Uint8Array {
  return block(integer(pattern, prefix, index), plain(value));
}

function sizeUpdate(size: number): Uint8Array {
  return integer(0x20, 0x1f, size);
}
