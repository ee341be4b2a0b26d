import { libc } from './libc.js';

let answer: boolean | undefined;

/**
 * Whether sockets can be made through libc here, which is on Linux where koffi loads. Else node:net makes them, with
 * what that costs: see `warnOfNodeSockets`. Throws where koffi cannot load for want of descriptors: that passes, and
 * nobody shall lose his peer policies for it.
 */
export function hasLibc(): boolean {
  answer ??= process.platform === 'linux' && loads();
  return answer;
}

function loads(): boolean {
  try {
    libc();
    return true;
  } catch (error) {
    if (/EMFILE|ENFILE|[Tt]oo many open files/.test(String(error))) throw error;
    return false;
  }
}

let warned = false;

/** Says once in a process what cannot be held without libc. */
export function warnOfNodeSockets(): void {
  if (warned) return;
  warned = true;
  const fix = process.platform === 'linux' ? 'koffi could not be loaded; install it for this platform. ' : '';
  process.emitWarning(
    `${fix}Sockets are made by node:net, which does not tell who is at the other end: every peer policy but anyone() ` +
      'refuses. The umask of the process changes for a moment when a path is listened on, and servers that start on ' +
      'one path at the same time are not kept in turn.',
    { code: 'PODWIRE_WITHOUT_LIBC' },
  );
}
