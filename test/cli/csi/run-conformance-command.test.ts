import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { allChecks } from '../../../src/csi/conformance/all-checks.js';
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
