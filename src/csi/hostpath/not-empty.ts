import { failedPrecondition } from '../csi-error.js';

/** For a folder that could not be removed: says so when that is because of what is in it. It may be gone. */
export function notEmpty(path: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code === 'ENOENT') return;
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    throw failedPrecondition(`${path} has something in it, which this plugin does not remove`);
  };
}
