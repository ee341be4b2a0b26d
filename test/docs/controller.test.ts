import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { controllerOptionNames } from '../../src/csi/reconcile/create-controller.js';

const page = readFileSync(new URL('../../docs/csi-reference.md', import.meta.url), 'utf8');
const [, section = ''] = /^## A controller\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(page) ?? [];

/** What is in backquotes in the first column of the table that begins with this head. */
function firstColumn(head: string): string[] {
  const [, rows = ''] = new RegExp(`^\\| ${head} \\|.*\\n\\|.*\\n((?:\\|.*\\n)+)`, 'm').exec(section) ?? [];
  return rows
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name!));
}

describe('the section about the controller', () => {
  it('has every option', () => {
    expect(firstColumn('option').sort()).toEqual(Object.keys(controllerOptionNames).sort());
  });

  it('has every event', () => {
    const source = readFileSync(new URL('../../src/csi/reconcile/controller-event.ts', import.meta.url), 'utf8');
    const types = [...source.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type!);
    expect(firstColumn('event').sort()).toEqual(types.sort());
  });
});
