import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { compress, decompress, isSupportedEncoding, parseAcceptEncoding } from '../../src/rpc/compression.js';

const text = Buffer.from('some values from the client, '.repeat(100));

describe('compress', () => {
  it('gzip makes what gzip reads', () => {
    const compressed = compress('gzip', text);
    expect(compressed.length).toBeLessThan(text.length);
    expect(gunzipSync(compressed)).toEqual(text);
  });

  it('identity returns the message itself', () => {
    expect(compress('identity', text)).toBe(text);
  });

  it('names what it can do when asked for something else', () => {
    expect(() => compress('br', text)).toThrow(expect.objectContaining({ code: Code.INTERNAL }));
    expect(() => compress('br', text)).toThrow(/identity,gzip/);
  });
});

describe('decompress', () => {
  it('gives the message back, up to the limit exactly', () => {
    expect(decompress('gzip', gzipSync(text), text.length)).toEqual(text);
    expect(decompress('gzip', gzipSync(text), Number.POSITIVE_INFINITY)).toEqual(text);
  });

  it('reads an empty message under a limit of zero', () => {
    expect(decompress('gzip', gzipSync(''), 0)).toHaveLength(0);
    expect(() => decompress('gzip', gzipSync('x'), 0)).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }),
    );
  });

  it('stops a bomb at the limit', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decompress('gzip', bomb, 4096)).toThrow(
      /larger than the limit of 4096 bytes when decompressed; raise limits.maxReceiveMessageLength of the receiver/,
    );
    expect(() => decompress('gzip', bomb, 4096)).toThrow(expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it.each([
    ['one byte over', text.length - 1, gzipSync(text), 'gzip', Code.RESOURCE_EXHAUSTED],
    ['garbage', 1_000, Buffer.from('no gzip at all'), 'gzip', Code.INTERNAL],
    ['nothing', 1_000, Buffer.alloc(0), 'gzip', Code.INTERNAL],
    ['a cut message', 10_000, gzipSync(text).subarray(0, -9), 'gzip', Code.INTERNAL],
    ['an unknown encoding', 1_000, text, 'snappy', Code.UNIMPLEMENTED],
    ['no encoding', 1_000, text, undefined, Code.INTERNAL],
    ['identity', 1_000, text, 'identity', Code.INTERNAL],
  ])('%s', (_, maxLength, payload, encoding, code) => {
    expect(() => decompress(encoding, payload, maxLength)).toThrow(expect.objectContaining({ code }));
  });

  it('lists what it reads when the encoding is unknown', () => {
    expect(() => decompress('snappy', text, 1)).toThrow(/"snappy" is not supported; supported: identity,gzip/);
  });
});

it.each([
  ['identity', true],
  ['gzip', true],
  ['deflate', false],
  ['', false],
])('isSupportedEncoding(%j) is %s', (encoding, supported) => {
  expect(isSupportedEncoding(encoding)).toBe(supported);
});

it.each([
  [undefined, []],
  ['', []],
  ['gzip', ['gzip']],
  ['identity, gzip ,,deflate', ['identity', 'gzip', 'deflate']],
])('parseAcceptEncoding(%j) is %j', (field, names) => {
  expect(parseAcceptEncoding(field)).toEqual(names);
});
