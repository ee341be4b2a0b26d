import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What lives on the heap of this process, in octets. */
export async function liveHeap(): Promise<number> {
  // More than once: what a FinalizationRegistry or an AbortSignal lets go of is garbage only afterwards.
  for (let pass = 0; pass < 3; pass++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  collect();
  return process.memoryUsage().heapUsed;
}

/** What the open descriptors of a process lead to, sorted, without the numbers that differ from one to the next. */
export function descriptorsOf(pid: number = process.pid): readonly string[] {
  const targets: string[] = [];
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[\d+\]/, '');
      // The one that libuv keeps back for the day when there are no more: first the former, after that day the latter.
      targets.push(target === '/dev/null' ? '/' : target);
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return targets.sort();
}
