import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { defaultLimits, processReceiveBudget } from '../../src/transport/limits.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/defaults.md'), 'utf8');

it('the table of defaults says what the code does', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+|unlimited)(?: octets| ms)? \|/gm)];
  const documented = Object.fromEntries(
    rows.map(([, name, value]) => [name, value === 'unlimited' ? Infinity : Number(value.replaceAll(',', ''))]),
  );
  expect(documented).toEqual(defaultLimits);
  expect(page).toContain(
    `| unread messages of all connections of a process | ${processReceiveBudget.limit / 2 ** 20} MiB |`,
  );
});
