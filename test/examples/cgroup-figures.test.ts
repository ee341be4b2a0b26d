import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCgroupFigures } from '../../examples/podinfo/cgroup-figures.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'podwire-'));
});

afterEach(() => rm(root, { recursive: true }));

async function files(contents: { readonly [path: string]: string }): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

const unified = '41 31 0:38 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate';

function version1(controllers: string, { at = controllers, cgroup = '/' } = {}): string {
  return `35 31 0:32 ${cgroup} /sys/fs/cgroup/${at} rw,relatime - cgroup cgroup rw,${controllers}`;
}

describe('cgroup version 2', () => {
  it('reads usage and limits of a container, which sees its own cgroup as the topmost', async () => {
    await files({
      'proc/self/cgroup': '0::/',
      'proc/self/mountinfo': unified,
      'sys/fs/cgroup/cpu.stat': 'usage_usec 7000\nuser_usec 5000\nthrottled_usec 300',
      'sys/fs/cgroup/cpu.max': '150000 100000',
      'sys/fs/cgroup/memory.current': '1048576',
      'sys/fs/cgroup/memory.max': '268435456',
      'sys/fs/cgroup/memory.events': 'low 0\noom 4\noom_kill 2\noom_group_kill 1',
      'sys/fs/cgroup/pids.current': '12',
      'sys/fs/cgroup/pids.max': '100',
    });
    expect(await readCgroupFigures(root)).toEqual({
      cgroupVersion: 2,
      cpuUsageMicros: 7_000n,
      cpuThrottledMicros: 300n,
      cpuLimitMillicores: 1_500n,
      memoryUsageBytes: 1_048_576n,
      memoryLimitBytes: 268_435_456n,
      memoryOomKills: 2n,
      pidsCurrent: 12n,
      pidsLimit: 100n,
    });
  });

  it('leaves out limits that are "max", and figures that are not offered', async () => {
    await files({
      'proc/self/cgroup': '0::/user.slice/a b',
      'proc/self/mountinfo': unified,
      'sys/fs/cgroup/memory.current': '1',
      'sys/fs/cgroup/user.slice/a b/cpu.max': 'max 100000',
      'sys/fs/cgroup/user.slice/a b/memory.max': 'max',
      'sys/fs/cgroup/user.slice/a b/pids.max': 'max',
      'sys/fs/cgroup/user.slice/a b/pids.current': '3',
    });
    expect(await readCgroupFigures(root)).toEqual({ cgroupVersion: 2, pidsCurrent: 3n });
  });
});

describe('cgroup version 1', () => {
  it('reads each controller in its own hierarchy', async () => {
    await files({
      'proc/self/cgroup': '9:memory:/docker/abc\n8:pids:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/',
      // Without a cgroup namespace: the mount point shows the container's cgroup, whose path is that of the host.
      'proc/self/mountinfo': [
        version1('memory', { cgroup: '/docker/abc' }),
        version1('pids'),
        version1('cpu,cpuacct', { at: 'cpu\\040acct' }),
      ].join('\n'),
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '4096',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '8192',
      'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5',
      'sys/fs/cgroup/pids/docker/abc/pids.current': '7',
      'sys/fs/cgroup/pids/docker/abc/pids.max': 'max',
      'sys/fs/cgroup/cpu acct/docker/abc/cpuacct.usage': '9000999',
      'sys/fs/cgroup/cpu acct/docker/abc/cpu.stat': 'nr_periods 2\nnr_throttled 1\nthrottled_time 5000',
      'sys/fs/cgroup/cpu acct/docker/abc/cpu.cfs_quota_us': '25000',
      'sys/fs/cgroup/cpu acct/docker/abc/cpu.cfs_period_us': '100000',
    });
    expect(await readCgroupFigures(root)).toEqual({
      cgroupVersion: 1,
      cpuUsageMicros: 9_000n,
      cpuThrottledMicros: 5n,
      cpuLimitMillicores: 250n,
      memoryUsageBytes: 4_096n,
      memoryLimitBytes: 8_192n,
      memoryOomKills: 5n,
      pidsCurrent: 7n,
    });
  });

  it('knows how it says "no limit", with pages of 4 and of 64 KiB', async () => {
    await files({
      'proc/self/cgroup': '9:memory:/\n2:cpu:/',
      'proc/self/mountinfo': `${version1('memory')}\n${version1('cpu')}`,
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    for (const limit of ['9223372036854771712', '9223372036854710272']) {
      await files({ 'sys/fs/cgroup/memory/memory.limit_in_bytes': limit });
      expect(await readCgroupFigures(root)).toEqual({ cgroupVersion: 1 });
    }
  });
});

it('reads each controller where a hybrid machine has it', async () => {
  await files({
    'proc/self/cgroup': '9:memory:/\n1:name=systemd:/\n0::/job',
    'proc/self/mountinfo': `${version1('memory')}\n${version1('name=systemd', { at: 'systemd' })}\n${unified}`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1',
    'sys/fs/cgroup/job/memory.current': '2',
    'sys/fs/cgroup/job/pids.current': '3',
  });
  expect(await readCgroupFigures(root)).toEqual({ cgroupVersion: 1, memoryUsageBytes: 1n, pidsCurrent: 3n });
});

it('stays in what can be seen when its own cgroup cannot', async () => {
  await files({
    'proc/self/cgroup': '0::/../../elsewhere',
    'proc/self/mountinfo': unified,
    'sys/fs/cgroup/pids.current': '3',
    'sys/elsewhere/pids.current': '4',
  });
  expect(await readCgroupFigures(root)).toEqual({ cgroupVersion: 2, pidsCurrent: 3n });
});

it('has no figures where there are no cgroups', async () => {
  expect(await readCgroupFigures(root)).toEqual({ cgroupVersion: 2 });
});

it.runIf(existsSync('/proc/self/cgroup'))('reads the machine it runs on', async () => {
  const first = await readCgroupFigures();
  const second = await readCgroupFigures();
  const found = Object.entries(first).filter(([name, value]) => name !== 'cgroupVersion' && value !== undefined);
  expect(found, 'no figure at all').not.toEqual([]);
  for (const [name, value] of found) expect(value, name).toBeTypeOf('bigint');
  expect(second.cpuUsageMicros ?? 0n).toBeGreaterThanOrEqual(first.cpuUsageMicros ?? 0n);
});
