import { expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { refusalHeader } from '../../src/rpc/request-refusal.js';

it.each([
  [415, [':status', '415', 'content-type', 'text/plain; charset=utf-8']],
  [405, [':status', '405', 'content-type', 'text/plain; charset=utf-8', 'allow', 'POST']],
] as const)('the header of a refusal with %d', (httpStatus, fields) => {
  expect(refusalHeader({ kind: 'refusal', httpStatus, code: Code.INTERNAL, message: 'no' })).toEqual(fields);
});
