import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bindMounts, canBindMount } from '../../../src/csi/hostpath/bind-mounts.js';
import { temporaryFolder } from './temporary-folder.js';

const mayMount = await canBindMount(process.env.TMPDIR ?? '/tmp');

describe('canBindMount', () => {
  it('leaves nothing, whatever it finds', async () => {
    const folder = temporaryFolder();
    expect(await canBindMount(folder)).toBe(mayMount);
    expect(existsSync(join(folder, 'mount-probe'))).toBe(false);
    expect(await canBindMount(join(folder, 'no/such'))).toBe(mayMount);
  });

  it.runIf(mayMount)('takes away what a process that was killed has left', async () => {
    const folder = temporaryFolder();
    const probe = join(folder, 'mount-probe');
    await mkdir(probe);
    for (let times = 0; times < 2; times++) execFileSync('mount', ['--bind', probe, probe]);
    expect(await canBindMount(folder)).toBe(true);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    expect(existsSync(probe)).toBe(false);
  });
});

describe('bindMounts', () => {
  it('takes away a link to the content, of a time when it might not mount, and no other', async () => {
    const folder = temporaryFolder();
    const [content, ours, other] = ['content', 'ours', 'other'].map((name) => join(folder, name));
    await mkdir(content);
    await symlink(content, ours);
    await symlink(folder, other);
    for (const target of [ours, other]) await bindMounts.hide({ content, target, accessType: 'mount' });
    expect([existsSync(ours), existsSync(other)]).toEqual([false, true]);
  });
});
