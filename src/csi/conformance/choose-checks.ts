import { allChecks } from './all-checks.js';
import type { Check } from './check.js';

/**
 * The checks that some patterns name, such as `controller/*`; all without patterns.
 *
 * @throws RangeError for a pattern that names none.
 */
export function chooseChecks(patterns: readonly string[] = []): readonly Check[] {
  if (patterns.length === 0) return allChecks;
  const tests = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const test = new RegExp(`^${parts.join('.*')}$`);
    if (allChecks.some(({ name }) => test.test(name))) return test;
    throw new RangeError(
      `no check is named ${JSON.stringify(pattern)}; names are like controller/a-volume-is-made, patterns like controller/*`,
    );
  });
  return allChecks.filter(({ name }) => tests.some((test) => test.test(name)));
}
