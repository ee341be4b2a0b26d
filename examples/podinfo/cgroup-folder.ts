import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CgroupFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

/**
 * Where the kernel shows a controller (`memory`, `cpu`, `cpuacct`, `pids`) for this process, or undefined when it is not
 * mounted. Version 1 has one hierarchy per controller, version 2 one for all; a hybrid machine has both, and a
 * controller is in one of them only (cgroups(7)).
 *
 * @param root What to read as `/`: tests use a folder of their own.
 */
export async function findCgroupFolder(controller: string, root = '/'): Promise<CgroupFolder | undefined> {
  const memberships = await readFile(join(root, 'proc/self/cgroup'), 'utf8').catch(() => '');
  const mounts = await readFile(join(root, 'proc/self/mountinfo'), 'utf8').catch(() => '');
  let unified: CgroupFolder | undefined;
  // hierarchy:controllers:path; the line of version 2 is `0::path`.
  for (const [, hierarchy, controllers = '', path = '/'] of memberships.matchAll(/^(\d+):([^:\n]*):(.*)$/gm)) {
    const version = hierarchy === '0' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes(controller)) continue;
    const mount = findMount(mounts, version, controller);
    if (mount === undefined) continue;
    const folder = { version, path: join(root, mount.point, below(mount.root, path)) } as const;
    if (version === 1) return folder;
    unified = folder;
  }
  return unified;
}

interface Mount {
  /** The cgroup that is seen at the mount point: not the topmost one in a container without a cgroup namespace. */
  readonly root: string;
  readonly point: string;
}

/** proc(5): id, parent, device, root, mount point, options, optional fields, `-`, type, source, superblock options. */
function findMount(mounts: string, version: 1 | 2, controller: string): Mount | undefined {
  for (const line of mounts.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', point = '/'] = left.split(' ').map(unescapeOctal);
    const [type, , options = ''] = right.split(' ');
    const found = version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller);
    if (found) return { root, point };
  }
  return undefined;
}

/** The part of `path` below `root`; nothing when it is elsewhere, for then the mount point is all that can be seen. */
function below(root: string, path: string): string {
  if (path.startsWith('/..')) return '';
  if (root === '/') return path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : '';
}

/** A blank in a path is written as \040. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
