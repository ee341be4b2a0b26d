import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { commandLine } from '../../src/cli/command-line.js';
import { runCommand } from '../../src/cli/run-command.js';
import { temporaryFolder } from '../csi/hostpath/temporary-folder.js';
import { RecordingTerminal } from './recording-terminal.js';

async function run(...args: string[]) {
  const terminal = new RecordingTerminal();
  const status = await runCommand(args, terminal);
  return { status, output: terminal.output, errors: terminal.errors };
}

function paths(command = commandLine(new RecordingTerminal(), () => {}), above: string[] = []): string[][] {
  return [above, ...command.commands.flatMap((inner) => paths(inner, [...above, inner.name()]))];
}

describe('help', () => {
  it.each(paths().map((path) => [path.join(' ') || 'podwire', path] as const))(
    'of %s has examples and fits a wide terminal',
    async (_, path) => {
      const { status, output, errors } = await run(...path, '--help');
      expect({ status, errors }).toEqual({ status: 0, errors: '' });
      expect(output).toMatch(/^Usage: podwire/);
      expect(output).toMatch(/\nExamples:\n {2}podwire /);
      expect(output.split('\n').filter((line) => line.length > 125)).toEqual([]);
    },
  );

  it('is shown as a mistake when a command is missing', async () => {
    for (const path of [[], ['csi']]) {
      const { status, output, errors } = await run(...path);
      expect({ status, output }).toEqual({ status: 2, output: '' });
      expect(errors).toMatch(/^Usage: podwire/);
    }
  });
});

it('tells the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await run('--version')).toEqual({ status: 0, output: `${version}\n`, errors: '' });
});

describe('mistakes', () => {
  it.each([
    [['csi', 'hostpth'], "unknown command 'hostpth'\n(Did you mean hostpath?)"],
    [
      ['csi', 'hostpath', '--state-dir', 'x', '--node-di', 'x'],
      "unknown option '--node-di'\n(Did you mean --node-id?)",
    ],
    [['csi', 'hostpath'], "required option '--state-dir <folder>' not specified"],
    [
      ['csi', 'hostpath', '--state-dir', 'x', '--capacity', 'standard=10GB'],
      "option '--capacity <kind=size>' argument 'standard=10GB' is invalid. A size is",
    ],
    [
      ['csi', 'hostpath', '--state-dir', 'x', '--node-id', 'n', '--endpoint', 'unix:@csi'],
      "option '--endpoint <endpoint>' argument 'unix:@csi' is invalid. \"unix:@csi\" is not an endpoint",
    ],
    [['csi', 'conformance', 'localhost:80'], 'write unix:///path/to.sock or unix-abstract:name'],
    [['csi', 'hostpath', '--state-dir', 'x', '--mounts', 'both'], 'Allowed choices are bind, links.'],
    [['csi', 'hostpath', '--state-dir', 'x'], 'which node is this? Give --node-id, or set NODE_ID or KUBE_NODE_NAME'],
    [
      ['csi', 'hostpath', '--state-dir', 'x', '--node-id', 'n', '--plugins-registry', '/registration'],
      '--kubelet-registration-path, the path of the CSI socket as the kubelet sees it, says what',
    ],
  ])('%j', async (args, expected) => {
    const { status, output, errors } = await run(...args);
    expect({ status, output }).toEqual({ status: 2, output: '' });
    expect(errors).toMatch(/^podwire: /);
    expect(errors).toContain(expected);
  });
});

it('asks who may connect to an abstract name of root', async () => {
  const user = vi.spyOn(process, 'geteuid').mockReturnValue(0);
  onTestFinished(() => user.mockRestore());
  const { status, errors } = await run(
    ...['csi', 'hostpath', '--endpoint', `@podwire-test-${randomUUID()}`, '--node-id', 'n', '--mounts', 'links'],
    ...['--state-dir', temporaryFolder(), '--log-level', 'silent'],
  );
  expect(status).toBe(2);
  expect(errors).toMatch(/^podwire: who may connect\? unix-abstract:podwire-test-.* give --allow-peer, such as user:0/);
});

it('says why something failed, without a stack, and ends with 1', async () => {
  const { status, output, errors } = await run(
    ...['csi', 'hostpath', '--state-dir', 'package.json/state', '--node-id', 'n', '--log-level', 'silent'],
  );
  expect({ status, output }).toEqual({ status: 1, output: '' });
  expect(errors).toMatch(/^podwire: the state folder package\.json\/state cannot be made: .*ENOTDIR.*\n$/);
});
