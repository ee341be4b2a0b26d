import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { defaultChannelLimits, defaultServerLimits, processReceiveBudget } from '../../src/transport/limits.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/defaults.md'), 'utf8');

it('the table of defaults says what the code does', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (both|server|channel) \| ([\d,]+|unlimited)(?: octets| ms)? \|/gm)];
  const documented = (side: 'server' | 'channel') =>
    Object.fromEntries(
      rows
        .filter(([, , of]) => of === 'both' || of === side)
        .map(([, name, , value]) => [name, value === 'unlimited' ? Infinity : Number(value.replaceAll(',', ''))]),
    );
  expect(documented('server')).toEqual(defaultServerLimits);
  expect(documented('channel')).toEqual(defaultChannelLimits);
  expect(page).toContain(
    `| unread messages of all connections of a process | ${processReceiveBudget.limit / 2 ** 20} MiB |`,
  );
});
