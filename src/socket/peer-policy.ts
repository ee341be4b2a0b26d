import { readFileSync } from 'node:fs';
import type { Peer } from './peer.js';

/**
 * Decides, synchronously and before a byte is read, whether a peer may stay. Only `true` lets it in: a policy that
 * throws, or returns a promise or anything else, refuses. A peer whose user is unknown reaches no policy but
 * `anyone()`.
 *
 * Decide by uid, gid, groups or security label. `peer.pid` is no authorization: it can be reused after the process
 * has exited, a forked child keeps the connection of its parent, and in another pid namespace it says nothing.
 */
export type PeerPolicy = ((peer: Peer) => boolean) & {
  /** Shown when a peer is refused, such as `users(0, 1000)`. */
  readonly description?: string;
};

/** Policies that answer for a peer without a known user, too. */
const answersForStrangers = new WeakSet<PeerPolicy>();

/** Peers that run as the effective user of this process. */
export function sameUser(): PeerPolicy {
  return describe('sameUser()', (peer) => peer.uid !== undefined && peer.uid === process.geteuid?.());
}

/** Peers whose effective user is one of these. */
export function users(...uids: readonly number[]): PeerPolicy {
  const allowed = new Set(checkIds('users', uids));
  return describe(`users(${uids.join(', ')})`, (peer) => peer.uid !== undefined && allowed.has(peer.uid));
}

/** Peers whose effective group, or one of whose supplementary groups, is one of these. */
export function groups(...gids: readonly number[]): PeerPolicy {
  const allowed = new Set(checkIds('groups', gids));
  return describe(`groups(${gids.join(', ')})`, (peer) =>
    (peer.gid !== undefined && allowed.has(peer.gid)) || peer.groups.some((gid) => allowed.has(gid)));
}

/**
 * Peers that carry the same SELinux context or AppArmor profile as this process; nobody where no security module
 * labels sockets. Two unconfined processes have the same label: combine it with a user.
 */
export function sameSecurityLabel(): PeerPolicy {
  return describe('sameSecurityLabel()', (peer) => {
    if (peer.securityLabel === undefined) return false;
    // Not cached: a process can change its label.
    const own = readFileSync('/proc/self/attr/current', 'utf8').replace(/[\0\n]+$/, '');
    return own !== '' && own === peer.securityLabel;
  });
}

/** Every peer, also one whose user is unknown. On an abstract name: every process of the network namespace. */
export function anyone(): PeerPolicy {
  return forStrangers(describe('anyone()', () => true));
}

/** Peers that at least one of the policies allows. One that throws is one that does not allow. */
export function anyOf(...policies: readonly [PeerPolicy, ...PeerPolicy[]]): PeerPolicy {
  checkPolicies('anyOf', policies);
  return forStrangers(describe(combined('anyOf', policies), (peer) => policies.some((policy) => allows(policy, peer))));
}

/** Peers that every one of the policies allows. */
export function allOf(...policies: readonly [PeerPolicy, ...PeerPolicy[]]): PeerPolicy {
  checkPolicies('allOf', policies);
  return forStrangers(
    describe(combined('allOf', policies), (peer) => policies.every((policy) => allows(policy, peer))),
  );
}

/**
 * Whether `policy` lets `peer` in, by the rules of PeerPolicy. Throws what the policy throws, and TypeError for one
 * that answers later: both mean no.
 */
export function decide(policy: PeerPolicy, peer: Peer): boolean {
  if (peer.uid === undefined && !answersForStrangers.has(policy)) return false;
  const answer: unknown = policy(peer);
  if (answer instanceof Promise) {
    // Its rejection must not end the process: peers could then do so at will.
    answer.catch(() => {});
    throw new TypeError('a policy must answer synchronously, and this one returned a promise');
  }
  return answer === true;
}

/** Throws TypeError for what is no policy: also for `sameUser` where `sameUser()` was meant, which would allow nobody. */
export function checkPolicy(option: string, policy: PeerPolicy): void {
  if (typeof policy !== 'function') {
    throw new TypeError(`${option} takes a policy such as sameUser(), not ${JSON.stringify(policy)}`);
  }
  const makers: readonly unknown[] = [sameUser, users, groups, sameSecurityLabel, anyone, anyOf, allOf];
  if (makers.includes(policy)) throw new TypeError(`${option} takes a policy: call ${policy.name}(...)`);
}

function allows(policy: PeerPolicy, peer: Peer): boolean {
  try {
    return decide(policy, peer);
  } catch {
    return false;
  }
}

/** How a policy is named in errors and logs. */
export function describePolicy(policy: PeerPolicy): string {
  return policy.description ?? (policy.name === '' ? 'a policy function' : `the policy ${policy.name}`);
}

function describe(description: string, decide: (peer: Peer) => boolean): PeerPolicy {
  return Object.assign((peer: Peer) => decide(peer), { description });
}

function forStrangers(policy: PeerPolicy): PeerPolicy {
  answersForStrangers.add(policy);
  return policy;
}

function combined(name: string, policies: readonly PeerPolicy[]): string {
  return `${name}(${policies.map(describePolicy).join(', ')})`;
}

function checkIds(name: string, ids: readonly number[]): readonly number[] {
  // Without any it would refuse everybody, which nobody means; (uid_t)-1 is "no user".
  if (ids.length === 0) throw new TypeError(`${name}() needs at least one id`);
  for (const id of ids) {
    if (Array.isArray(id)) throw new TypeError(`${name}() takes ids one by one; write ${name}(${id.join(', ')})`);
    if (!Number.isInteger(id) || id < 0 || id >= 0xffffffff) {
      // Not JSON for all: it has neither NaN nor bigints.
      const shown = typeof id === 'string' ? JSON.stringify(id) : String(id);
      throw new TypeError(`${name}() takes numeric ids, not ${shown}`);
    }
  }
  return ids;
}

function checkPolicies(name: string, policies: readonly PeerPolicy[]): void {
  // allOf() of nothing would be true for everybody.
  if (policies.length === 0) throw new TypeError(`${name}() needs at least one policy`);
  for (const policy of policies) checkPolicy(`${name}()`, policy);
}
