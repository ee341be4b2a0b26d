import { expect, it } from 'vitest';
import { describeCheckResult } from '../../../src/cli/csi/describe-check-result.js';

it('has one line for a check, and below it what went wrong', () => {
  const name = 'controller/a-volume-is-made';
  expect(describeCheckResult({ name, outcome: 'passed' }, '@csi')).toBe(`ok    ${name}\n`);
  expect(describeCheckResult({ name, outcome: 'skipped', reason: 'why' }, '@csi')).toBe(`skip  ${name}: why\n`);
  const failed = { name, outcome: 'failed', expected: 'this', received: 'that', calls: ['one', 'two'] } as const;
  expect(describeCheckResult(failed, "./it's here.sock")).toBe(`FAIL  ${name}
      expected this
      got that
        one
        two
      again: podwire csi conformance './it'\\''s here.sock' --only ${name}
`);
});
