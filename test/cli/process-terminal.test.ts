import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/**
 * Runs the command with a pipe whose reader is gone long before the command, which has to start first, writes.
 *
 * @returns what it wrote elsewhere, and its exit status.
 */
async function withoutReader(stream: 'stdout' | 'stderr', ...args: string[]): Promise<string> {
  const redirection = stream === 'stdout' ? '2>&3' : '2>&1 >&3';
  const script = `{ { "$@" ${redirection}; echo "status $?" >&3; } | :; } 3>&1`;
  const command = [process.execPath, '--import', 'tsx', program, ...args];
  return (await promisify(execFile)('/bin/sh', ['-c', script, 'sh', ...command])).stdout;
}

it.each([
  ['csi', 'hostpath', '--help'],
  ['csi', 'conformance', '--list'],
  ['endpoint', 'parse', '@csi'],
])('ends as by SIGPIPE, and quietly, when nobody reads the output of podwire %s %s %s', async (...args) => {
  expect(await withoutReader('stdout', ...args)).toBe('status 141\n');
});

it.each([
  ['csi', 'hostpth'],
  ['endpoint', 'parse', ''],
])('does so when nobody reads the errors of podwire %s %s', async (...args) => {
  expect(await withoutReader('stderr', ...args)).toBe('status 141\n');
});

it('changes nothing when there was nothing to read', async () => {
  expect(await withoutReader('stderr', 'endpoint', 'parse', '@csi')).toBe('abstract\tunix-abstract:csi\nstatus 0\n');
});
