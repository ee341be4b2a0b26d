import { brokenSpecs } from './broken-specs.js';
import type { SanityRun } from './sanity-run.js';
import { skippedSpecs } from './skipped-specs.js';

const marks = { passed: '✓', failed: '✗', skipped: '–' } as const;

/** What docs/conformance.md says of csi-sanity: nothing in it differs from run to run unless an outcome does. */
export function sanityPart(version: string, runs: readonly SanityRun[]): string {
  return `${[
    '## CSI',
    '',
    `[csi-sanity](https://github.com/kubernetes-csi/csi-test) ${version} against the host-path plugin (\`podwire csi hostpath\`), each a`,
    'process of its own, over a path (`unix:///run/csi.sock`) and an abstract name (`unix-abstract:x`). As root the plugin shows',
    'volumes by bind mounts and loop devices, as an unprivileged user by links. Secrets are given for every call that takes some.',
    'After each run nothing is left: no record, no used capacity, no content, no mount, no loop device, no file; and no line of',
    'the plugin’s log, which has all that is called, has a secret.',
    '',
    ...runTable(runs),
    '',
    'These cannot run, and nothing else is skipped:',
    '',
    ...skippedTable(),
    '',
    'These run and cannot pass, and nothing else fails:',
    '',
    row(['spec', 'why']),
    row(['---', '---']),
    ...Object.entries(brokenSpecs).map(([name, { why }]) => row([name, why])),
    '',
    '<details><summary>Every spec</summary>',
    '',
    'Each cell has two outcomes: over a path and over an abstract name.',
    '',
    ...specTable(runs),
    '',
    '</details>',
  ].join('\n')}\n`;
}

/** Runs that differ in the kind of endpoint only. */
function pairs(runs: readonly SanityRun[]): [SanityRun, SanityRun][] {
  return runs.filter((_, index) => index % 2 === 0).map((run, index) => [run, runs[2 * index + 1]!]);
}

function runTable(runs: readonly SanityRun[]): string[] {
  const count = ({ specs }: SanityRun): string => {
    const passed = specs.filter(({ outcome }) => outcome === 'passed').length;
    return `${passed} of ${specs.filter(({ outcome }) => outcome !== 'skipped').length}`;
  };
  return [
    row(['`specVersion`', 'user', 'access type', 'path', 'abstract name']),
    row(['---', '---', '---', '--:', '--:']),
    ...pairs(runs).map(([path, abstract]) => {
      const { specVersion, user, accessType } = path.setting;
      return row([specVersion, user, accessType, count(path), count(abstract)]);
    }),
  ];
}

function skippedTable(): string[] {
  const rows = new Map<string, string[]>();
  for (const [version, skipped] of Object.entries(skippedSpecs)) {
    for (const [name, why] of Object.entries(skipped)) {
      const key = row([name, why]);
      rows.set(key, [...(rows.get(key) ?? []), version]);
    }
  }
  return [
    row(['`specVersion`', 'spec', 'why']),
    row(['---', '---', '---']),
    ...[...rows].map(([rest, versions]) => `| ${versions.join(', ')} ${rest}`),
  ];
}

function specTable(runs: readonly SanityRun[]): string[] {
  const columns = pairs(runs);
  const heads = columns.map(([{ setting }]) => `${setting.specVersion} ${setting.user} ${setting.accessType}`);
  const names = [...new Set(runs.flatMap(({ specs }) => specs.map(({ name }) => name)))].sort();
  const mark = ({ specs }: SanityRun, name: string): string => {
    const found = specs.find((spec) => spec.name === name);
    return found === undefined ? '✗' : marks[found.outcome];
  };
  return [
    row(['spec', ...heads]),
    row(['---', ...heads.map(() => ':-:')]),
    ...names.map((name) => row([name, ...columns.map((pair) => pair.map((run) => mark(run, name)).join(' '))])),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
