import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, sep } from 'node:path';
import { invalidArgument } from './invalid-argument.js';

/**
 * A path that the CO gives us to put something at: absolute, in an existing folder, and not among the volumes themselves,
 * also not by way of a symlink.
 *
 * @throws RpcError INVALID_ARGUMENT
 */
export async function requiredPath(field: string, path: string, volumesRoot: string): Promise<string> {
  if (path === '') throw invalidArgument(field, 'is required');
  if (path.includes('\0')) throw invalidArgument(field, 'has a NUL');
  // `/a/../b` is not what it looks like when `a` is a symlink.
  const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
  if (!path.startsWith('/') || normalize(plain) !== plain || plain === '/') {
    throw invalidArgument(field, `${JSON.stringify(path)} must be absolute, without . or .. or empty parts`);
  }
  const parent = await realpath(dirname(plain)).catch(() => undefined);
  if (parent === undefined || !(await lstat(parent)).isDirectory()) {
    throw invalidArgument(field, `the folder ${dirname(plain)} does not exist; the CO has to make it`);
  }
  if (`${join(parent, basename(plain))}${sep}`.startsWith(`${volumesRoot}${sep}`)) {
    throw invalidArgument(field, `${plain} lies in the plugin's own folder`);
  }
  return plain;
}
