import { describe, expect, it } from 'vitest';
import type { Peer } from '../../src/socket/peer.js';
import {
  allOf,
  anyOf,
  anyone,
  checkPolicy,
  decide,
  describePolicy,
  groups,
  type PeerPolicy,
  sameSecurityLabel,
  sameUser,
  users,
} from '../../src/socket/peer-policy.js';

const peer = (fields: Partial<Peer>): Peer => ({ groups: [], endpoint: 'unix:///x', ...fields });
const stranger = peer({ pid: 1, gid: 0, groups: [0] });
const own = process.geteuid!();
const throws: PeerPolicy = () => {
  throw new Error('broken policy');
};

describe('policies', () => {
  it('sameUser() compares the effective user', () => {
    expect(decide(sameUser(), peer({ uid: own }))).toBe(true);
    expect(decide(sameUser(), peer({ uid: own + 1 }))).toBe(false);
  });

  it('users() takes those of the list', () => {
    const policy = users(0, 1000);
    expect(decide(policy, peer({ uid: 0 }))).toBe(true);
    expect(decide(policy, peer({ uid: 1000 }))).toBe(true);
    expect(decide(policy, peer({ uid: 1001, gid: 1000, groups: [1000] }))).toBe(false);
  });

  it('groups() takes the effective and the supplementary groups', () => {
    const policy = groups(10, 20);
    expect(decide(policy, peer({ uid: 1, gid: 20 }))).toBe(true);
    expect(decide(policy, peer({ uid: 1, gid: 1, groups: [5, 10] }))).toBe(true);
    expect(decide(policy, peer({ uid: 10, gid: 1, groups: [5] }))).toBe(false);
    expect(decide(policy, peer({ uid: 1 }))).toBe(false);
  });

  it('sameSecurityLabel() takes nobody without a label, nor one that is not ours', () => {
    expect(decide(sameSecurityLabel(), peer({ uid: own }))).toBe(false);
    // Throws, which is a no as well, where the kernel has no label for us either.
    const other = anyOf(sameSecurityLabel());
    expect(decide(other, peer({ uid: own, securityLabel: 'not the label of this process' }))).toBe(false);
  });

  it('anyOf() passes over a policy that throws; allOf() does not', () => {
    const root = peer({ uid: 0, gid: 7 });
    expect(decide(anyOf(throws, users(0)), root)).toBe(true);
    expect(decide(anyOf(throws, users(1)), root)).toBe(false);
    expect(decide(allOf(users(0), groups(7)), root)).toBe(true);
    expect(decide(allOf(users(0), groups(8)), root)).toBe(false);
    expect(decide(allOf(users(0), throws), root)).toBe(false);
  });

  it('only anyone() takes a peer whose user is unknown', () => {
    expect(decide(anyone(), stranger)).toBe(true);
    expect(decide(anyOf(users(0), anyone()), stranger)).toBe(true);
    expect(decide(allOf(anyone(), anyone()), stranger)).toBe(true);
    expect(decide(sameUser(), stranger)).toBe(false);
    expect(decide(users(0), stranger)).toBe(false);
    expect(decide(groups(0), stranger)).toBe(false);
    expect(decide(() => true, stranger)).toBe(false);
    expect(
      decide(
        anyOf(groups(0), () => true),
        stranger,
      ),
    ).toBe(false);
    expect(
      decide(
        allOf(anyone(), () => true),
        stranger,
      ),
    ).toBe(false);
  });

  it('takes nothing but true for a yes', () => {
    for (const answer of [1, 'yes', {}, undefined, null]) {
      expect(decide((() => answer) as unknown as PeerPolicy, peer({ uid: 0 }))).toBe(false);
    }
    expect(decide(() => true, peer({ uid: 0 }))).toBe(true);
  });

  it('throws for an answer that comes later, and drops its rejection', async () => {
    const later = (async () => {
      throw new Error('late');
    }) as unknown as PeerPolicy;
    expect(() => decide(later, peer({ uid: 0 }))).toThrow(/synchronously/);
    // An unhandled rejection would fail this run.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('describes itself', () => {
    expect(describePolicy(anyOf(users(0, 1), allOf(sameUser(), groups(2))))).toBe(
      'anyOf(users(0, 1), allOf(sameUser(), groups(2)))',
    );
    expect(describePolicy(throws)).toBe('the policy throws');
    expect(
      describePolicy(
        (
          (): PeerPolicy => () =>
            true
        )(),
      ),
    ).toBe('a policy function');
  });

  it('is refused at once when it could never be meant', () => {
    expect(() => users()).toThrow(TypeError);
    expect(() => groups()).toThrow(TypeError);
    expect(() => users('root' as unknown as number)).toThrow('users() takes numeric ids, not "root"');
    expect(() => users(Number('abc'))).toThrow('users() takes numeric ids, not NaN');
    expect(() => users([0, 1] as never)).toThrow('users() takes ids one by one; write users(0, 1)');
    expect(() => groups([27] as never)).toThrow('groups() takes ids one by one; write groups(27)');
    expect(() => users(-1)).toThrow(TypeError);
    expect(() => users(0xffffffff)).toThrow(TypeError);
    expect(() => groups(1.5)).toThrow(TypeError);
    expect(() => (allOf as () => PeerPolicy)()).toThrow(TypeError);
    expect(() => (anyOf as () => PeerPolicy)()).toThrow(TypeError);
    expect(() => anyOf(sameUser as unknown as PeerPolicy)).toThrow(/call sameUser/);
    expect(() => checkPolicy('allowPeer', anyone as unknown as PeerPolicy)).toThrow(/allowPeer.*call anyone/);
  });
});
