import type { CheckResult } from '../../csi/conformance/index.js';

/** One line for a check; below it, if it failed, what was expected, what came, the calls, and how to make it again. */
export function describeCheckResult(result: CheckResult, endpoint: string): string {
  const { name } = result;
  if (result.outcome === 'passed') return `ok    ${name}\n`;
  if (result.outcome === 'skipped') return `skip  ${name}: ${result.reason}\n`;
  const { expected, received, calls } = result;
  const below = [
    `expected ${expected}`,
    `got ${received}`,
    ...calls.map((call) => `  ${call}`),
    `again: podwire csi conformance ${quoted(endpoint)} --only ${name}`,
  ];
  return `FAIL  ${name}\n${below.map((line) => `      ${line}\n`).join('')}`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
