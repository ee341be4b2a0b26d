import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WatchResponse } from '../../gen/podinfo/v1/podinfo.js';
import { findCgroupFolder } from './cgroup-folder.js';

/** A figure is undefined where the kernel does not offer it, a limit also where there is none. */
export type CgroupFigures = Omit<WatchResponse, 'sequence' | 'timeUnixNanos'>;

/**
 * What the cgroup of this process uses and may use, from the files of version 1 or 2, whichever has the controller.
 *
 * @param root What to read as `/`: tests use a folder of their own.
 */
export async function readCgroupFigures(root = '/'): Promise<CgroupFigures> {
  const [cpu, cpuacct, memory, pids] = await Promise.all(
    ['cpu', 'cpuacct', 'memory', 'pids'].map((controller) => findCgroupFolder(controller, root)),
  );
  const version1 = [cpu, cpuacct, memory, pids].some((folder) => folder?.version === 1);
  return {
    cgroupVersion: version1 ? 1 : 2,
    ...(cpuacct?.version === 1 ? await cpuUsage1(cpuacct.path) : await cpuUsage2(cpuacct?.path)),
    ...(cpu?.version === 1 ? await cpuLimit1(cpu.path) : await cpuLimit2(cpu?.path)),
    ...(memory?.version === 1 ? await memory1(memory.path) : await memory2(memory?.path)),
    pidsCurrent: integer(await read(pids?.path, 'pids.current')),
    pidsLimit: integer(await read(pids?.path, 'pids.max')),
  };
}

async function cpuUsage1(folder: string): Promise<Partial<CgroupFigures>> {
  return { cpuUsageMicros: thousandth(integer(await read(folder, 'cpuacct.usage'))) };
}

async function cpuUsage2(folder: string | undefined): Promise<Partial<CgroupFigures>> {
  return { cpuUsageMicros: entry(await read(folder, 'cpu.stat'), 'usage_usec') };
}

async function cpuLimit1(folder: string): Promise<Partial<CgroupFigures>> {
  const quota = integer(await read(folder, 'cpu.cfs_quota_us')); // -1: no limit
  const period = integer(await read(folder, 'cpu.cfs_period_us'));
  return {
    cpuThrottledMicros: thousandth(entry(await read(folder, 'cpu.stat'), 'throttled_time')),
    cpuLimitMillicores: millicores(quota, period),
  };
}

async function cpuLimit2(folder: string | undefined): Promise<Partial<CgroupFigures>> {
  const [quota, period] = (await read(folder, 'cpu.max'))?.split(' ') ?? []; // `max 100000`: no limit
  return {
    cpuThrottledMicros: entry(await read(folder, 'cpu.stat'), 'throttled_usec'),
    cpuLimitMillicores: millicores(integer(quota), integer(period)),
  };
}

/** Version 1 says "no limit" with the largest multiple of the page size, 4 to 64 KiB, that fits in 63 bits. */
const UNLIMITED = 2n ** 63n - 65_536n;

async function memory1(folder: string): Promise<Partial<CgroupFigures>> {
  const limit = integer(await read(folder, 'memory.limit_in_bytes'));
  return {
    memoryUsageBytes: integer(await read(folder, 'memory.usage_in_bytes')),
    memoryLimitBytes: limit !== undefined && limit < UNLIMITED ? limit : undefined,
    memoryOomKills: entry(await read(folder, 'memory.oom_control'), 'oom_kill'),
  };
}

async function memory2(folder: string | undefined): Promise<Partial<CgroupFigures>> {
  return {
    memoryUsageBytes: integer(await read(folder, 'memory.current')),
    memoryLimitBytes: integer(await read(folder, 'memory.max')),
    memoryOomKills: entry(await read(folder, 'memory.events'), 'oom_kill'),
  };
}

async function read(folder: string | undefined, file: string): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  // The topmost cgroup lacks most files, and a container may be kept from reading some.
  return await readFile(join(folder, file), 'utf8').catch(() => undefined);
}

/** The number that is the whole text; undefined for `max` and `-1`. */
function integer(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? BigInt(text.trim()) : undefined;
}

/** The number behind a name in a file of `name number` lines. */
function entry(text: string | undefined, name: string): bigint | undefined {
  return integer(new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1]);
}

function thousandth(value: bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : value / 1_000n;
}

function millicores(quota: bigint | undefined, period: bigint | undefined): bigint | undefined {
  return quota === undefined || period === undefined || period === 0n ? undefined : (quota * 1_000n) / period;
}
