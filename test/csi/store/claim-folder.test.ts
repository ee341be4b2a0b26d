import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { claimFolder } from '../../../src/csi/store/claim-folder.js';
import { openHostPath } from '../hostpath/open-host-path.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';

const systems = vi.hoisted(() => ({ hasLibc: true }));
// koffi loads wherever these tests run: where it does not is stood in for.
vi.mock('../../../src/socket/has-libc.js', () => ({ hasLibc: () => systems.hasLibc }));

describe('claimFolder', () => {
  afterEach(() => {
    systems.hasLibc = true;
    vi.unstubAllEnvs();
  });

  it.for(['koffi', 'flock(1)'])('has a folder once, until it is closed (by %s)', async (means, context) => {
    const lacksProgram = spawnSync('flock', ['--version']).error !== undefined;
    context.skip(means !== 'koffi' && lacksProgram, 'needs flock(1), of util-linux');
    systems.hasLibc = means === 'koffi';
    const folder = temporaryFolder();
    const first = await claimFolder(folder);
    const second = claimFolder(folder);
    await expect(second).rejects.toThrow(`the state folder ${folder} is in use by`);
    if (means === 'koffi') await expect(second).rejects.toThrow('this process');
    await first.close();
    const third = await claimFolder(folder);
    await third.close();
  });

  it('says so where it can do nothing', async () => {
    systems.hasLibc = false;
    vi.stubEnv('PATH', '/nowhere');
    const logger = { info: vi.fn(), warn: vi.fn() };
    const claim = await claimFolder(temporaryFolder(), logger);
    await claim.close();
    expect(logger.warn).toHaveBeenCalledOnce();
  });

  it('names the process that has the folder, and has it when that was killed', async () => {
    const stateFolder = join(temporaryFolder(), 'state');
    const program = fileURLToPath(new URL('../hostpath/host-path-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, stateFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(createInterface({ input: child.stdout }), 'line');
    const second = openHostPath({ stateFolder, capacity: undefined });
    await expect(second).rejects.toThrow(`${stateFolder} is in use by process ${child.pid}: stop that one`);
    child.kill('SIGKILL');
    await exited;
    const { hostPath } = await openHostPath({ stateFolder, capacity: undefined });
    await hostPath.close();
  });
});
