import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { ConnectionLoss } from './connection-loss.js';

/** Where a container says why it ended: Kubernetes shows it in the status of the pod, and mounts a file there. */
const TERMINATION_LOG = '/dev/termination-log';

/** Ends the process with status 1, saying why on standard error and in the termination log, if there is one. */
export function exitOnLoss(
  { name, address, reason }: ConnectionLoss,
  terminationLog: string | false = TERMINATION_LOG,
): never {
  const message = `lost the connection to the plugin ${name} at ${address} (${reason}): exiting`;
  if (terminationLog !== false) writeTerminationLog(terminationLog, message);
  // Not through a stream, which may not have written when the process ends.
  try {
    writeSync(2, `podwire: ${message}\n`);
  } catch {
    // Nobody reads it.
  }
  process.exit(1);
}

function writeTerminationLog(path: string, message: string): void {
  try {
    // Not created: outside of a container it is not there.
    const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
    try {
      writeSync(file, message);
    } finally {
      closeSync(file);
    }
  } catch {
    // It is a courtesy; the process ends with or without.
  }
}
