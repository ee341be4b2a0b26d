import { readdir, readFile, rm } from 'node:fs/promises';
import type { ConnectedPlugin } from '../../../src/csi/index.js';
import { PeerProcess } from '../../interop/peer-process.js';
import { capacityBytes } from './host-path-process.js';

/** What a plugin says that it still has. */
export async function recordsLeft({ controller }: ConnectedPlugin): Promise<string[]> {
  const volumes = (await controller.listVolumes({})).entries.map(({ volume }) => volume?.volumeId);
  const snapshots = (await controller.listSnapshots({})).entries.map(({ snapshot }) => snapshot?.snapshotId);
  const { availableCapacity } = await controller.getCapacity({});
  const used = capacityBytes - availableCapacity;
  return [...[...volumes, ...snapshots].map((id) => `the record of ${id}`), ...(used === 0n ? [] : [`${used} bytes`])];
}

/** Mounts, loop devices and contents that a plugin has left in `folder`, and what a test of it has left there. */
export async function leftovers(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  const expected = [
    'mutable.yaml',
    'plugin.log',
    'plugin.pid',
    'report.json',
    'report.xml',
    'secrets.yaml',
    'state',
  ].concat(
    ...['state/snapshots', 'state/snapshots/.store', 'state/volumes', 'state/volumes/.store'],
    ...['state/store', 'state/lock', 'state/store/data.mdb', 'state/store/lock.mdb'],
  );
  return [
    ...(await mountsIn(folder)).map((one) => `the mount ${one}`),
    ...(await loopDevicesOf(folder)).map(({ file }) => `the loop device of ${file}`),
    ...files.filter((one) => !expected.includes(one)).map((one) => `the file ${one}`),
  ];
}

/** Removes the folder, whatever a plugin that failed has left in it. */
export async function removeWithLeftovers(folder: string): Promise<void> {
  for (const mount of (await mountsIn(folder)).reverse()) await output('umount', mount);
  for (const { device } of await loopDevicesOf(folder)) await output('losetup', '--detach', device);
  await rm(folder, { recursive: true, force: true });
}

async function mountsIn(folder: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  // The fifth field is the mount point (proc(5)).
  return table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`));
}

async function loopDevicesOf(folder: string): Promise<{ device: string; file: string }[]> {
  const table = await output('losetup', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE');
  return table
    .split('\n')
    .map((line) => line.split(' '))
    .map(([device = '', file = '']) => ({ device, file }))
    .filter(({ file }) => file.startsWith(`${folder}/`));
}

function output(command: string, ...args: string[]): Promise<string> {
  return PeerProcess.output({ command, args }, []);
}
