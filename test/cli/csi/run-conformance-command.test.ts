import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import { allChecks } from '../../../src/csi/conformance/all-checks.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/index.js';
import { createChannel, createClient } from '../../../src/index.js';
import { temporaryFolder } from '../../csi/hostpath/temporary-folder.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const command = `"${process.execPath}" --import tsx src/cli/main.ts`;
const run = promisify(execFile);

it('checks the host-path plugin of another process, which it kills', async () => {
  const folder = temporaryFolder();
  const endpoint = `unix://${join(folder, 'csi.sock')}`;
  const pidFile = join(folder, 'pid');
  const options =
    '--node-id node-1 --capacity standard=10Gi --max-volumes-per-node 4 --mutable-parameter iops --mounts links';
  writeFileSync(
    join(folder, 'start.sh'),
    `cd "${repository}"
     test -e "${pidFile}" && kill -KILL $(cat "${pidFile}")
     ${command} csi hostpath --endpoint ${endpoint} --state-dir ${folder}/state ${options} \\
       --topology example.com/zone=z1 --log-level warn > "${folder}/log" 2>&1 &
     echo $! > "${pidFile}"`,
  );
  const start = ['/bin/sh', join(folder, 'start.sh')] as const;
  onTestFinished(() => void process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'));
  await run(start[0], [start[1]]);
  writeFileSync(join(folder, 'secrets.yaml'), 'CreateVolumeSecret: { password: not to be told }\n');
  const args = [
    ...['csi', 'conformance', endpoint, '--volume-size', '1Mi', '--mutable-parameters', 'iops=100', '--parallel', '20'],
    ...['--secrets', join(folder, 'secrets.yaml'), '--json', join(folder, 'results.json')],
    ...['--restart-command', start.join(' ')],
  ];
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: repository });
  const wrong = stdout.split('\n').filter((line) => !line.startsWith('ok '));
  expect(wrong).toEqual([`${allChecks.length} passed, 0 failed, 0 skipped`, '']);
  const report = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  expect(report).toMatchObject({ endpoint, plugin: { name: 'hostpath.csi.podwire' }, passed: allChecks.length });
  expect(stdout).not.toContain('not to be told');
}, 180_000);

describe('a run that is ended before it is through', () => {
  /** Resolves when a check has made a volume, of a plugin that `volumes` asks. */
  async function startChecks() {
    const folder = temporaryFolder();
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    const options = { stateFolder: join(folder, 'state'), nodeId: 'node-1', mounts: 'links' } as const;
    const host = await createHostPathPlugin(options);
    onTestFinished(() => host.close());
    await host.plugin.listen(endpoint);
    const channel = createChannel(endpoint);
    onTestFinished(() => channel.close());
    const controller = createClient(ControllerDefinition, channel);
    const volumes = async () => (await controller.listVolumes({})).entries;
    const folders = ['--node-staging-dir', folder, '--node-target-dir', folder];
    const args = ['--import', 'tsx', 'src/cli/main.ts', 'csi', 'conformance', endpoint, ...folders];
    const child = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [errors, ended] = [text(child.stderr), once(child, 'close')];
    await vi.waitFor(async () => expect(await volumes()).not.toEqual([]), { timeout: 30_000, interval: 1 });
    return { folder, child, errors, ended, volumes };
  }

  it('leaves nothing after Ctrl-C, and ends with 1', async () => {
    const { folder, child, errors, ended, volumes } = await startChecks();
    const output = text(child.stdout);
    child.kill('SIGINT');
    expect(await ended).toEqual([1, null]);
    expect(await errors).toBe('podwire: interrupted; taking back what was made\n');
    expect(await output).toMatch(/^skip {2}concurrency\/.*: the run was ended before$/m);
    expect([await volumes(), readdirSync(folder).sort()]).toEqual([[], ['csi.sock', 'state']]);
  });

  it('leaves nothing when its output is not read any more, and says nothing', async () => {
    const { folder, child, errors, ended, volumes } = await startChecks();
    child.stdout.destroy();
    expect(await ended).toEqual([141, null]);
    expect(await errors).toBe('');
    expect([await volumes(), readdirSync(folder).sort()]).toEqual([[], ['csi.sock', 'state']]);
  });

  it('waits no longer for a plugin that is not there, and has said so', async () => {
    const endpoint = `unix://${join(temporaryFolder(), 'csi.sock')}`;
    const args = ['--import', 'tsx', 'src/cli/main.ts', 'csi', 'conformance', endpoint];
    const child = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    child.stderr.once('data', () => child.kill('SIGINT'));
    expect(await text(child.stderr)).toBe(
      'podwire: waiting for the plugin: UNAVAILABLE: there is no such file; start the server, or check the path and the ' +
        `mounts (ENOENT) (at ${endpoint})\npodwire: interrupted; taking back what was made\n`,
    );
    expect(await ended).toEqual([1, null]);
  });
});
