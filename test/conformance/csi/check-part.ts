import type { CheckRun } from './check-run.js';
import { skippedChecks } from './skipped-checks.js';

/** What docs/conformance.md says of `podwire csi conformance`: nothing in it differs from run to run unless an outcome does. */
export function checkPart(runs: readonly CheckRun[]): string {
  return `${[
    '### Checks of podwire',
    '',
    '`podwire csi conformance` against the same plugin, which it kills with SIGKILL while calls are open, and which is started again',
    'when it is gone. It covers what csi-sanity does not: what is in volumes, clones and snapshots; whole lives of group snapshots;',
    'block metadata; many calls at once; lists that change between two pages; capabilities without a call behind them; secrets and',
    'inner details in errors; sizes of answers; and what a crash leaves. Nothing is left after each run either, and no secret is in',
    'the log. Each cell counts two runs, over a path and over an abstract name. By links a volume is the same in either access type,',
    'so the unprivileged user has one.',
    '',
    ...groupTable(runs),
    '',
    'These are skipped, and no other:',
    '',
    ...skippedTable(runs),
  ].join('\n')}\n`;
}

/** Runs that differ in the kind of endpoint only, by the rest. */
function columnsOf(runs: readonly CheckRun[]): Map<string, CheckRun[]> {
  const columns = new Map<string, CheckRun[]>();
  for (const run of runs) {
    const { specVersion, user, accessType } = run.setting;
    const head = `${specVersion} ${user} ${accessType}`;
    columns.set(head, [...(columns.get(head) ?? []), run]);
  }
  return columns;
}

function groupTable(runs: readonly CheckRun[]): string[] {
  const columns = columnsOf(runs);
  const groupOf = (name: string) => name.slice(0, name.indexOf('/'));
  const groups = new Set(runs.flatMap(({ checks }) => checks.map(({ name }) => groupOf(name))));
  const count = (column: readonly CheckRun[], group?: string): string => {
    const made = column
      .flatMap(({ checks }) => checks)
      .filter(({ name, outcome }) => outcome !== 'skipped' && (group === undefined || groupOf(name) === group));
    if (made.length === 0) return '–';
    return `${made.filter(({ outcome }) => outcome === 'passed').length} of ${made.length}`;
  };
  const cells = (group?: string) => [...columns.values()].map((column) => count(column, group));
  return [
    row(['checks', ...columns.keys()]),
    row(['---', ...[...columns].map(() => '--:')]),
    ...[...groups].map((group) => row([`\`${group}/*\``, ...cells(group)])),
    row(['**all**', ...cells().map((cell) => `**${cell}**`)]),
  ];
}

function skippedTable(runs: readonly CheckRun[]): string[] {
  const rows = new Map<string, string[]>();
  for (const [head, [first]] of columnsOf(runs)) {
    for (const [name, why] of Object.entries(skippedChecks(first!.setting))) {
      const key = row([`\`${name}\``, why]);
      rows.set(key, [...(rows.get(key) ?? []), head]);
    }
  }
  return [
    row(['run', 'check', 'why']),
    row(['---', '---', '---']),
    ...[...rows].map(([rest, heads]) => `| ${heads.join(', ')} ${rest}`),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
