import { readdirSync, readlinkSync } from 'node:fs';

/** The sockets, and the files below `folder`, that this process has open, to compare before and after. */
export function openDescriptors(folder: string): readonly string[] {
  const open: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('socket:') || target.startsWith(folder)) open.push(`${fd} ${target}`);
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return open.sort();
}
