import { AF_UNIX, libc, SO_DOMAIN, SO_PEERCRED, SO_PEERGROUPS, SO_PEERSEC } from './libc.js';
import type { Peer } from './peer.js';
import { isUnmappedGid, isUnmappedUid } from './user-namespace.js';

const domain = new Int32Array(1);
/** struct ucred of unix(7): pid, uid, gid. */
const credentials = new Int32Array(3);
const ERANGE = -34;

/** Reused by every read; grown to what the kernel asks for. */
let groupList = new Uint32Array(64);
let label = new Uint8Array(256);

/**
 * Who is at the other end of a connected socket. All of it is read at once (under 3 us together): the kernel keeps what
 * was true at connect(), or at listen() when we are the client, and the socket is gone when someone asks later.
 * A socket that is not AF_UNIX has no credentials, though the kernel answers for it, too.
 */
export function readPeerCredentials(fd: number, endpoint: string): Peer {
  const { socketOption } = libc();
  const isUnix = socketOption(fd, SO_DOMAIN, bytesOf(domain)) === 4 && domain[0] === AF_UNIX;
  if (!isUnix || socketOption(fd, SO_PEERCRED, bytesOf(credentials)) !== 12) return { groups: [], endpoint };

  const pid = credentials[0]!;
  const uid = credentials[1]! >>> 0;
  const gid = credentials[2]! >>> 0;
  const securityLabel = readSecurityLabel(fd);
  return {
    // (uid_t)-1 is what the kernel says for a socket without credentials.
    ...(uid !== 0xffffffff && !isUnmappedUid(uid) && { uid }),
    ...(gid !== 0xffffffff && !isUnmappedGid(gid) && { gid }),
    groups: readGroups(fd),
    ...(pid > 0 && { pid }),
    ...(securityLabel !== undefined && { securityLabel }),
    endpoint,
  };
}

function readGroups(fd: number): readonly number[] {
  let length = libc().socketOption(fd, SO_PEERGROUPS, bytesOf(groupList));
  if (length === ERANGE) {
    // 65536 is NGROUPS_MAX (limits.h).
    groupList = new Uint32Array(65_536);
    length = libc().socketOption(fd, SO_PEERGROUPS, bytesOf(groupList));
  }
  if (length <= 0) return [];
  return Array.from(groupList.subarray(0, length / 4)).filter((gid) => !isUnmappedGid(gid));
}

function readSecurityLabel(fd: number): string | undefined {
  let length = libc().socketOption(fd, SO_PEERSEC, label);
  if (length === ERANGE) {
    label = new Uint8Array(4096);
    length = libc().socketOption(fd, SO_PEERSEC, label);
  }
  if (length <= 0) return undefined;
  // Some security modules count a final NUL, some do not.
  const text = Buffer.from(label.subarray(0, length)).toString('utf8').replace(/\0+$/, '');
  return text === '' ? undefined : text;
}

function bytesOf(array: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
