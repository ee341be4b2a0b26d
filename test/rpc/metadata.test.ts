import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Metadata } from '../../src/rpc/metadata.js';

function fieldsOf(metadata: Metadata): string[] {
  const fields: string[] = [];
  metadata.appendTo(fields);
  return fields;
}

describe('construction', () => {
  it.each([
    ['nothing', undefined, []],
    ['a record', { A: '1', b: ['2', '3'] }, ['a', '1', 'b', '2', 'b', '3']],
    [
      'pairs, also repeated ones',
      [
        ['a', '1'],
        ['A', ['2']],
      ] as [string, string | string[]][],
      ['a', '1', 'a', '2'],
    ],
    ['a Map', new Map([['a', '1']]), ['a', '1']],
    ['other metadata', new Metadata({ a: ['1', '2'] }), ['a', '1', 'a', '2']],
  ])('of %s', (_, init, fields) => {
    expect(fieldsOf(new Metadata(init))).toEqual(fields);
  });

  it('of other metadata is a copy', () => {
    const original = new Metadata({ a: '1' });
    const copy = new Metadata(original).append('a', '2');
    expect(copy.getAll('a')).toEqual(['1', '2']);
    expect(original.getAll('a')).toEqual(['1']);
  });
});

describe('access', () => {
  it('has several values per key, whose case does not matter', () => {
    const metadata = new Metadata().append('Trace', 'x').append('trace', 'y');
    expect(metadata.get('TRACE')).toBe('x');
    expect(metadata.getAll('trace')).toEqual(['x', 'y']);
    expect(metadata.has('tRaCe')).toBe(true);
    expect(metadata.size).toBe(1);
    expect(metadata.set('trace', 'z').getAll('trace')).toEqual(['z']);
    metadata.delete('TRACE');
    expect(metadata.has('trace')).toBe(false);
    expect(metadata.get('trace')).toBeUndefined();
    expect(metadata.getAll('trace')).toEqual([]);
  });

  it('sets several values at once, or none', () => {
    const metadata = new Metadata({ a: '1' }).set('a', ['2', '3']);
    expect(metadata.getAll('a')).toEqual(['2', '3']);
    expect(metadata.set('a', []).has('a')).toBe(false);
  });

  it('iterates over keys with all their values', () => {
    const metadata = new Metadata({ a: ['1', '2'], 'b-bin': new Uint8Array([3]) });
    expect([...metadata]).toEqual([
      ['a', ['1', '2']],
      ['b-bin', [new Uint8Array([3])]],
    ]);
  });

  it('hands out arrays of its own', () => {
    const metadata = new Metadata({ a: '1' });
    metadata.getAll('a').push('2');
    for (const [, values] of metadata) {
      values.push('3');
    }
    expect(metadata.getAll('a')).toEqual(['1']);
  });

  it('types the value by the key', () => {
    const metadata = new Metadata();
    expectTypeOf(metadata.get('a')).toEqualTypeOf<string | undefined>();
    expectTypeOf(metadata.get('a-bin')).toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf(metadata.get('A-Bin')).toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf(metadata.getAll('a' as string)).toEqualTypeOf<(string | Uint8Array)[]>();
  });

  it('treats names of Object.prototype as any other key', () => {
    const metadata = new Metadata();
    expect(metadata.has('constructor')).toBe(false);
    expect(metadata.set('__proto__', '1').get('__proto__')).toBe('1');
  });
});

describe('keys to send', () => {
  it.each(['a', 'a-b', 'a_b.c', '0', 'user-agent', 'authorization', 'grpc-trace-bin'])('%s is allowed', (key) => {
    const value = key.endsWith('-bin') ? new Uint8Array() : 'x';
    expect(new Metadata().set(key, value).has(key)).toBe(true);
  });

  it.each(['', 'a b', 'a:b', 'ä', 'a\n', 'a/b'])('%j is not allowed', (key) => {
    expect(() => new Metadata().set(key, 'x')).toThrow(/is not allowed/);
    expect(() => new Metadata({ [key]: 'x' })).toThrow(TypeError);
  });

  it.each([
    ':path',
    'grpc-status',
    'grpc-message',
    'Grpc-Timeout',
    'grpc-encoding',
    'grpc-anything-new',
    'content-type',
    'content-length',
    'te',
    'TE',
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'upgrade',
    'host',
  ])('%s is reserved', (key) => {
    expect(() => new Metadata().append(key, 'x')).toThrow(/is reserved/);
  });

  it('says where details belong', () => {
    expect(() => new Metadata().set('grpc-status-details-bin', new Uint8Array())).toThrow(/details instead/);
  });
});

describe('values to send', () => {
  it.each([
    ['', ''],
    ['a, b', 'a, b'],
    ['  a b  ', 'a b'],
    ['~ !', '~ !'],
  ])('%j is sent as %j', (value, sent) => {
    expect(fieldsOf(new Metadata({ key: value }))).toEqual(['key', sent]);
  });

  it.each(['ä', 'a\nb', '\t', '\u007f', '\0'])('%j is refused, with a hint', (value) => {
    expect(() => new Metadata({ key: value })).toThrow(/printable ASCII.*-bin/);
  });

  it('is refused when its kind does not fit the key', () => {
    expect(() => new Metadata({ 'key-bin': 'text' })).toThrow(/Uint8Array/);
    expect(() => new Metadata({ key: new Uint8Array() })).toThrow(/-bin/);
    expect(() => new Metadata().set('key', 5 as unknown as string)).toThrow(TypeError);
    for (const value of [5, undefined, null, { a: 'b' }]) {
      expect(() => new Metadata({ key: value as never })).toThrow('metadata value of "key" must be a string');
      expect(() => new Metadata([['key-bin', value as never]])).toThrow('its value must be a Uint8Array');
    }
  });

  it.each([
    [[], ''],
    [[0], 'AA'],
    [[0, 1], 'AAE'],
    [[0, 1, 2], 'AAEC'],
    [[255, 239], '/+8'],
  ])('bytes %j travel as unpadded base64 %j', (bytes, base64) => {
    expect(fieldsOf(new Metadata({ 'k-bin': new Uint8Array(bytes) }))).toEqual(['k-bin', base64]);
  });
});

describe('received fields', () => {
  it('show custom metadata and user-agent, and hide what is the transport`s own', () => {
    const metadata = Metadata.fromFields([
      ...[':method', 'POST', ':path', '/a.B/C', ':scheme', 'http', ':authority', '@x', ':status', '200'],
      ...['content-type', 'application/grpc', 'te', 'trailers', 'grpc-timeout', '1S', 'grpc-encoding', 'gzip'],
      ...['grpc-accept-encoding', 'gzip', 'grpc-status', '0', 'grpc-message', '', 'grpc-status-details-bin', 'AA'],
      ...['content-length', '5', 'host', 'x', 'user-agent', 'grpc-go/1.56', 'a', '1', 'b', '2', 'a', '3'],
    ]);
    expect([...metadata]).toEqual([
      ['user-agent', ['grpc-go/1.56']],
      ['a', ['1', '3']],
      ['b', ['2']],
    ]);
    expect(metadata.size).toBe(3);
  });

  it.each([
    ['AAE', [[0, 1]]],
    ['AAE=', [[0, 1]]],
    ['AA==', [[0]]],
    ['', [[]]],
    ['AAE,AA==', [[0, 1], [0]]],
    ['AAE , AA', [[0, 1], [0]]],
  ])('base64 %j is %j', (text, values) => {
    const metadata = Metadata.fromFields(['k-bin', text]);
    expect(metadata.getAll('k-bin')).toEqual(values.map((bytes) => new Uint8Array(bytes)));
    expect(metadata.get('k-bin')).toEqual(new Uint8Array(values[0]!));
  });

  it('gives plain arrays that hold nothing else in memory', () => {
    const value = Metadata.fromFields(['k-bin', 'AAE']).get('k-bin')!;
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
    expect(value.buffer.byteLength).toBe(2);
  });

  it.each(['A', '*', 'AA=', 'A===', 'AA=A', 'A A', 'AAAAA'])(
    'malformed base64 %j is left out and harms nothing else',
    (text) => {
      const metadata = Metadata.fromFields(['k-bin', text, 'k-bin', 'AAE', 'l-bin', text, 'm', 'x']);
      expect(metadata.getAll('k-bin')).toEqual([new Uint8Array([0, 1])]);
      expect(metadata.has('l-bin')).toBe(false);
      expect([...metadata].map(([key]) => key)).toEqual(['k-bin', 'm']);
    },
  );

  it('that gRPC does not allow but HTTP does are left out', () => {
    const metadata = Metadata.fromFields(['a', 'caf\u00e9', 'b', '1\t2', 'c!', 'x', 'd', 'y']);
    expect([...metadata]).toEqual([['d', ['y']]]);
  });

  it('can be sent on, whatever they were', () => {
    const metadata = Metadata.fromFields([
      'a!',
      'x',
      'b',
      '\u00ff',
      'te',
      'trailers',
      'c',
      ' y ',
      'd-bin',
      'AA==, AAE',
    ]);
    expect(fieldsOf(new Metadata(metadata))).toEqual(['c', 'y', 'd-bin', 'AA==', 'd-bin', 'AAE']);
    expect(fieldsOf(new Metadata([...metadata]))).toEqual(['c', 'y', 'd-bin', 'AA', 'd-bin', 'AAE']);
  });

  it('are not changed by changing the metadata', () => {
    const fields = ['a', '1'];
    const metadata = Metadata.fromFields(fields).set('a', '2').append('b', '3');
    expect(fields).toEqual(['a', '1']);
    expect(fieldsOf(metadata)).toEqual(['a', '2', 'b', '3']);
  });
});

describe('printing', () => {
  it('shows the entries, as deep as is asked for', () => {
    const metadata = new Metadata({ 'asked-by': 'me', 'b-bin': Uint8Array.of(1) });
    expect(inspect(metadata)).toBe("Metadata { 'asked-by': [ 'me' ], 'b-bin': [ Uint8Array(1) [ 1 ] ] }");
    expect(inspect({ metadata: new Metadata({ a: '1' }) })).toBe("{ metadata: Metadata { a: [ '1' ] } }");
    expect(inspect(metadata, { depth: 0 })).toBe("Metadata { 'asked-by': [Array], 'b-bin': [Array] }");
    expect(inspect(Metadata.empty)).toBe('Metadata {}');
  });
});

describe('Metadata.empty', () => {
  it('cannot be changed', () => {
    expect(() => Metadata.empty.set('a', '1')).toThrow(/new Metadata\(\)/);
    expect(() => Metadata.empty.append('a', '1')).toThrow(TypeError);
    expect(() => Metadata.empty.delete('a')).toThrow(TypeError);
    expect(Metadata.empty.size).toBe(0);
  });

  it('can be copied and changed then', () => {
    expect(new Metadata(Metadata.empty).set('a', '1').size).toBe(1);
    expect(Metadata.empty.size).toBe(0);
  });
});

describe('any metadata', () => {
  const key = fc.stringMatching(/^[0-9a-z_.-]{1,12}$/).map((name) => `x${name}`);
  const ascii = fc.stringMatching(/^[\x20-\x7e]{0,20}$/).map((text) => text.trim());
  const pair = fc.oneof(
    fc.tuple(
      key.filter((name) => !name.endsWith('-bin')),
      ascii,
    ),
    fc.tuple(
      key.map((name) => `${name}-bin`),
      fc.uint8Array({ maxLength: 20 }),
    ),
  );

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const sent = new Metadata(pairs);
        expect([...Metadata.fromFields(fieldsOf(sent))]).toEqual([...sent]);
      }),
    );
  });

  it('never throws when read, whatever was received', () => {
    const name = fc.oneof(key, fc.string(), fc.constantFrom('k-bin', 'grpc-status', ':path', 'te'));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'binary-ascii' }))), (pairs) => {
        const received = Metadata.fromFields(pairs.flat());
        expect(fieldsOf(new Metadata([...received])).length).toBe(fieldsOf(received).length);
      }),
    );
  });
});
