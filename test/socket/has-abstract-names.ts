import { knowsPeers } from './knows-peers.js';

/**
 * Whether this run can have exact abstract names: by koffi, by a libuv that does not pad them (1.48), or by the package
 * abstract-socket. By what the run was given, not by what the code under test finds.
 */
export const hasAbstractNames =
  knowsPeers || isExact(process.versions.uv) || !(process.env.PODWIRE_TEST_WITHOUT ?? '').includes('abstract-socket');

function isExact(libuv: string): boolean {
  const [major = 0, minor = 0] = libuv.split('.').map(Number);
  return major > 1 || minor >= 48;
}
