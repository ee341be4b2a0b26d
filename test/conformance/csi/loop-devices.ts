import { access } from 'node:fs/promises';
import { PeerProcess } from '../../interop/peer-process.js';

/** Of the kernel: the minor number of loop-control, and the major one of loop devices. */
const [misc, loopControl, loop] = [10, 237, 7];
const devices = 64;

/**
 * Makes the device files that a container may lack: the kernel has loop devices for all, /dev does not.
 *
 * Rejects when there are none even so.
 */
export async function makeLoopDevices(): Promise<void> {
  await makeNode('/dev/loop-control', 'c', misc, loopControl);
  for (let minor = 0; minor < devices; minor++) await makeNode(`/dev/loop${minor}`, 'b', loop, minor);
  await PeerProcess.output({ command: 'losetup', args: ['--find'] }, []).catch((cause: unknown) => {
    throw new Error('block volumes of root need loop devices, which this kernel does not give: modprobe loop', {
      cause,
    });
  });
}

async function makeNode(path: string, type: 'b' | 'c', major: number, minor: number): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return;
  const args = ['--mode', '600', path, type, `${major}`, `${minor}`];
  await PeerProcess.output({ command: 'mknod', args }, []);
}
