import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStatusMessage, encodeStatusMessage } from '../../src/rpc/status-message.js';

describe('encodeStatusMessage', () => {
  it.each([
    ['', ''],
    ['no such pod', 'no such pod'],
    ['!"#$&~', '!"#$&~'],
    ['100%', '100%25'],
    ['a\nb\tc\0', 'a%0Ab%09c%00'],
    ['\x7f', '%7F'],
    ['ü', '%C3%BC'],
    ['☺', '%E2%98%BA'],
    ['😈', '%F0%9F%98%88'],
    [' a b ', '%20a b%20'],
    [' ', '%20'],
    ['\ud800', '%EF%BF%BD'],
  ])('%j becomes %j', (text, encoded) => {
    expect(encodeStatusMessage(text)).toBe(encoded);
  });
});

describe('decodeStatusMessage', () => {
  it.each([
    ['', ''],
    ['a b', 'a b'],
    ['%C3%BC', 'ü'],
    ['%c3%bc', 'ü'],
    ['100%25', '100%'],
    ['%', '%'],
    ['%2', '%2'],
    ['%G1', '%G1'],
    ['%1G', '%1G'],
    ['a%zzb%20', 'a%zzb '],
    ['%%41', '%A'],
    ['%C3', '\ufffd'],
    ['%FF%FE', '\ufffd\ufffd'],
    ['\u00c3\u00bc', 'ü'],
    ['\u00fc', '\ufffd'],
  ])('%j becomes %j', (encoded, text) => {
    expect(decodeStatusMessage(encoded)).toBe(text);
  });
});

describe('any text', () => {
  const wellFormed = (text: string) => Buffer.from(text, 'utf8').toString('utf8');

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeStatusMessage(encodeStatusMessage(text))).toBe(wellFormed(text));
      }),
    );
  });

  it('becomes a valid field value: printable ASCII, no space at either end', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
        expect(encodeStatusMessage(text)).toMatch(/^(?! )(?:[\x20-\x24\x26-\x7e]|%[0-9A-F]{2})*(?<! )$/);
      }),
    );
  });

  it('is decoded without an error, whatever it is', () => {
    const octets = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(fc.oneof(octets, fc.stringMatching(/^[%0-9a-fA-FzZ]*$/)), (text) => {
        expect(typeof decodeStatusMessage(text)).toBe('string');
      }),
    );
  });
});
