import { closeSync, openSync } from 'node:fs';
import { libc } from './libc.js';
import { SocketError } from './socket-error.js';

let answer: boolean | undefined;

/**
 * Whether sockets can be made through libc here, which is on Linux where koffi loads. Else node:net makes them, with
 * what that costs: see `warnOfNodeSockets`. Throws SocketError `EMFILE` when koffi cannot load for want of descriptors:
 * that passes, and nobody shall lose his peer policies for it.
 */
export function hasLibc(shown: string): boolean {
  answer ??= process.platform === 'linux' && loads(shown);
  return answer;
}

function loads(shown: string): boolean {
  try {
    libc();
    return true;
  } catch {
    refuseWithoutDescriptors(shown);
    return false;
  }
}

function refuseWithoutDescriptors(shown: string): void {
  try {
    closeSync(openSync('/dev/null', 'r'));
  } catch (cause) {
    const message = 'koffi cannot be loaded; close some files or raise the limit (ulimit -n)';
    throw new SocketError('EMFILE', shown, message, { cause });
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
