import { expect, it } from 'vitest';
import { parseInteger } from '../../src/cli/parse-integer.js';

it('reads decimal and octal numbers', () => {
  expect(parseInteger('16', { example: '1' })).toBe(16);
  expect(['660', '0660', '0o660'].map((text) => parseInteger(text, { base: 8, example: '0' }))).toEqual([
    0o660, 0o660, 0o660,
  ]);
});

it('refuses what is no such number, with an example', () => {
  for (const text of ['', '-1', '1.5', '0x10', '1e3', '9007199254740993', 'ten']) {
    expect(() => parseInteger(text, { example: '16' })).toThrow('Write a whole number, such as 16');
  }
  expect(() => parseInteger('0888', { base: 8, example: '0660' })).toThrow('Write an octal number, such as 0660');
});
