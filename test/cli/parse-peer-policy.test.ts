import { expect, it } from 'vitest';
import { parsePeerPolicy } from '../../src/cli/parse-peer-policy.js';
import type { Peer } from '../../src/index.js';

function peer(uid: number, gid: number): Peer {
  return { uid, gid, groups: [gid], pid: 1, securityLabel: undefined } as unknown as Peer;
}

it('reads users, groups, and any of several', () => {
  const policy = parsePeerPolicy(['user:1000', 'group:2000']);
  expect([peer(1000, 1), peer(1, 2000), peer(1, 1)].map(policy)).toEqual([true, true, false]);
  expect(parsePeerPolicy(['same-user'])(peer(process.geteuid!() + 1, 0))).toBe(false);
  expect(parsePeerPolicy(['anyone'])(peer(4711, 4711))).toBe(true);
});

it.each(['', 'root', 'user:', 'user:root', 'uid:1', 'group:-1'])('refuses %j', (text) => {
  expect(() => parsePeerPolicy([text])).toThrow(/^Write /);
});
