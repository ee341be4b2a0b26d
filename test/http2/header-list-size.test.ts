import { expect, it } from 'vitest';
import { headerListSize } from '../../src/http2/header-list-size.js';

it('counts names, values and 32 octets for each field', () => {
  expect(headerListSize([])).toBe(0);
  expect(headerListSize([':status', '200', 'a', ''])).toBe(7 + 3 + 32 + 1 + 0 + 32);
});
