import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

/**
 * The calls that Node has no API for. Every one returns what libc returns, and a negative errno instead of -1.
 * All of them are non-blocking: nothing here can hold up the event loop.
 */
export interface Libc {
  /** A new AF_UNIX stream socket, close-on-exec and non-blocking. */
  unixStreamSocket(): number;
  bind(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  connect(fd: number, address: Uint8Array): number;
  /** Fills `value` with a SOL_SOCKET option and returns how many bytes the kernel has written, or -errno. */
  socketOption(fd: number, option: number, value: Uint8Array): number;
  /** Fills `address` with the sockaddr of the socket itself and returns its length, or -errno. */
  socketName(fd: number, address: Uint8Array): number;
  /** Keeps an inherited descriptor from being inherited further. */
  closeOnExec(fd: number): number;
  /** Takes the exclusive lock of an open file without waiting; closing the file releases it. */
  tryLock(fd: number): number;
  /** Where the next data of an open file begins, from `offset` on, or -errno: ENXIO when there is none. */
  seekData(fd: number, offset: number): number;
  /** Where the next hole of an open file begins, from `offset` on, its end being one, or -errno. */
  seekHole(fd: number, offset: number): number;
}

// asm-generic/socket.h, linux/net.h, asm-generic/fcntl.h: the same on x64 and arm64.
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const LOCK_EXCLUSIVE_NOW = 2 | 4;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
export const SO_TYPE = 3;
export const SO_PEERCRED = 17;
export const SO_ACCEPTCONN = 30;
export const SO_PEERSEC = 31;
export const SO_DOMAIN = 39;
export const SO_PEERGROUPS = 59;

let loaded: Libc | undefined;

/** Loads koffi and libc on the first use, so that importing podwire costs nothing. Throws where koffi cannot load. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

/** `ECONNREFUSED` for -111. */
export function errnoName(result: number): string {
  return getSystemErrorName(result);
}

function load(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  // The process itself has libc loaded, whichever it is: no need to know the file name of glibc or musl.
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const bind = library.func('int bind(int, const void *, uint32_t)');
  const listen = library.func('int listen(int, int)');
  const connect = library.func('int connect(int, const void *, uint32_t)');
  const getsockopt = library.func('int getsockopt(int, int, int, void *, void *)');
  const getsockname = library.func('int getsockname(int, void *, void *)');
  const fcntl = library.func('int fcntl(int, int, ...)');
  const flock = library.func('int flock(int, int)');
  // As long as a pointer on the systems that koffi is here for, all of which have 64 bits.
  const lseek = library.func('int64_t lseek(int, int64_t, int)');
  const length = new Uint32Array(1);
  const checked = (result: number): number => (result === -1 ? -koffi.errno() : result);

  return {
    unixStreamSocket: () => checked(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
    bind: (fd, address) => checked(bind(fd, address, address.length)),
    listen: (fd, backlog) => checked(listen(fd, backlog)),
    connect: (fd, address) => checked(connect(fd, address, address.length)),
    socketOption(fd, option, value) {
      length[0] = value.byteLength;
      const result = checked(getsockopt(fd, SOL_SOCKET, option, value, length));
      return result < 0 ? result : length[0];
    },
    socketName(fd, address) {
      length[0] = address.byteLength;
      const result = checked(getsockname(fd, address, length));
      return result < 0 ? result : length[0];
    },
    closeOnExec: (fd) => checked(fcntl(fd, F_SETFD, 'int', FD_CLOEXEC)),
    tryLock: (fd) => checked(flock(fd, LOCK_EXCLUSIVE_NOW)),
    seekData: (fd, offset) => checked(Number(lseek(fd, offset, SEEK_DATA))),
    seekHole: (fd, offset) => checked(Number(lseek(fd, offset, SEEK_HOLE))),
  };
}
