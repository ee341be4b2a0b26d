import { expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run-command.js';
import { RecordingTerminal } from './recording-terminal.js';

async function parse(...args: string[]) {
  const terminal = new RecordingTerminal();
  const status = await runCommand(['endpoint', 'parse', ...args], terminal);
  return { status, output: terminal.output, errors: terminal.errors };
}

it('says what an address means', async () => {
  expect(await parse('/run/x.sock')).toEqual({ status: 0, output: 'path\tunix:///run/x.sock\n', errors: '' });
  expect((await parse('unix://@csi')).output).toBe('abstract\tunix-abstract:csi\n');
  expect((await parse('unix:@csi', '--dialect', 'go')).output).toBe('abstract\tunix-abstract:csi\n');
});

it('says what was probably meant by one that is not clear', async () => {
  const { status, output, errors } = await parse('unix:@csi');
  expect({ status, output }).toEqual({ status: 1, output: '' });
  expect(errors).toMatch(/^podwire: "unix:@csi" is not an endpoint: .*unix-abstract:csi/);
});
