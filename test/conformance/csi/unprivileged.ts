import type { PeerProgram } from '../../interop/build-peers.js';

/** A user without privileges that needs no entry in /etc/passwd; the one that images without a shell run their programs as. */
export const unprivilegedUser = 65_532;

/** The program, run by that user. Needs root and setpriv(1), of util-linux. */
export function asUnprivileged({ command, args }: PeerProgram): PeerProgram {
  const user = ['--reuid', `${unprivilegedUser}`, '--regid', `${unprivilegedUser}`, '--clear-groups'];
  const nothing = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
  return { command: 'setpriv', args: [...user, ...nothing, command, ...args] };
}
