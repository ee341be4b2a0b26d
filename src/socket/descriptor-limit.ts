import { readFileSync } from 'node:fs';

let known: number | undefined;

/**
 * How many descriptors this process may have open, proc_pid_limits(5); Infinity where the system does not tell. Read
 * once, and again when `fd` comes near it, since it can be raised from outside.
 */
export function descriptorLimit(fd: number, margin: number): number {
  // Without a free descriptor it cannot be read, and what was read before counts.
  if (known === undefined || fd >= known - margin) known = readLimit() ?? known;
  return known ?? Number.POSITIVE_INFINITY;
}

function readLimit(): number | undefined {
  try {
    const [, soft = 'unlimited'] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}
