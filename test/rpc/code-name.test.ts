import { expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { codeName } from '../../src/rpc/code-name.js';

it.each(Object.entries(Code))('%s is %d', (name, code) => {
  expect(codeName(code)).toBe(name);
});

it.each([
  [17, 'CODE(17)'],
  [37, 'CODE(37)'],
  [-1, 'CODE(-1)'],
])('%d is no code of gRPC: %s', (code, name) => {
  expect(codeName(code)).toBe(name);
});

it('numbers the codes from 0 to 16 without a gap', () => {
  expect(Object.values(Code)).toEqual(Array.from({ length: 17 }, (_, index) => index));
});
