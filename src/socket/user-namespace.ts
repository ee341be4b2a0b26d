import { readFileSync } from 'node:fs';

/**
 * The number under which every user (or group) without a mapping shows up here, or undefined in the initial user
 * namespace, where each number means itself. Where the system does not say, the kernel's default is assumed, so that
 * a stranger is never taken for somebody (user_namespaces(7), "Unmapped user and group IDs").
 */
function overflowId(kind: 'uid' | 'gid'): number | undefined {
  try {
    if (/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync(`/proc/self/${kind}_map`, 'utf8'))) return undefined;
    const id = Number.parseInt(readFileSync(`/proc/sys/kernel/overflow${kind}`, 'utf8'), 10);
    if (Number.isInteger(id)) return id;
  } catch {
    // No /proc.
  }
  return 65534;
}

let overflowUid: { readonly value: number | undefined } | undefined;
let overflowGid: { readonly value: number | undefined } | undefined;

/** Whether this uid stands for "somebody without a number in our user namespace". Read once per process. */
export function isUnmappedUid(uid: number): boolean {
  overflowUid ??= { value: overflowId('uid') };
  return uid === overflowUid.value;
}

/** As `isUnmappedUid`, for groups. */
export function isUnmappedGid(gid: number): boolean {
  overflowGid ??= { value: overflowId('gid') };
  return gid === overflowGid.value;
}
