import { expect, it } from 'vitest';
import { parsePair } from '../../src/cli/parse-pair.js';

it('reads a key and a value, which may be empty or hold another sign', () => {
  expect(parsePair('example.com/zone=z1', '')).toEqual(['example.com/zone', 'z1']);
  expect(parsePair('token=a=b', '')).toEqual(['token', 'a=b']);
  expect(parsePair('key=', '')).toEqual(['key', '']);
});

it.each(['', 'key', '=value'])('refuses %j with an example', (text) => {
  expect(() => parsePair(text, 'kind=10Gi')).toThrow('Write it like kind=10Gi');
});
