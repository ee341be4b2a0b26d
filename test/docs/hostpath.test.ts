import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostPathOptionNames } from '../../src/csi/hostpath/check-host-path-options.js';
import { commonPluginOptionNames } from '../../src/csi/plugin/check-plugin-options.js';

const repository = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(repository, 'docs/csi-reference.md'), 'utf8');
const [, section = ''] = /^## The host-path plugin\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(page) ?? [];

/** What is in backquotes in the first column of the table that begins with this head. */
function firstColumn(head: string): string[] {
  const [, rows = ''] = new RegExp(`^\\| ${head} \\|.*\\n\\|.*\\n((?:\\|.*\\n)+)`, 'm').exec(section) ?? [];
  return rows
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name!))
    .sort();
}

describe('the page about the host-path plugin', () => {
  it('has every option', () => {
    expect(firstColumn('option')).toEqual(Object.keys(hostPathOptionNames).sort());
    const common = Object.keys(commonPluginOptionNames).filter((name) => name !== 'logger');
    expect(common.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
  });

  it('has every reason that health is told by', () => {
    const folder = path.join(repository, 'src/csi/hostpath');
    const reasons = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /problems|mounts/.test(file))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/'([A-Z][a-z]+[A-Z][A-Za-z]+)'/g)].map(([, reason]) => reason!));
    expect(firstColumn('reason')).toEqual([...new Set(reasons)].sort());
  });
});
