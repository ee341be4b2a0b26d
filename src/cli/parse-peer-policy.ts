import { anyOf, anyone, groups, type PeerPolicy, sameSecurityLabel, sameUser, users } from '../index.js';
import { parseInteger } from './parse-integer.js';
import { UsageError } from './usage-error.js';

const SPELLINGS = 'same-user, same-label, anyone, user:UID, group:GID';

/**
 * Reads who may connect: `same-user`, `same-label`, `anyone`, `user:1000`, `group:2000`. Whom one of several lets in may.
 *
 * @throws UsageError
 */
export function parsePeerPolicy(texts: readonly string[]): PeerPolicy {
  const [first, ...others] = texts.map(parseOne);
  if (first === undefined) throw new UsageError(`Write one of ${SPELLINGS}`);
  return others.length === 0 ? first : anyOf(first, ...others);
}

function parseOne(text: string): PeerPolicy {
  if (text === 'same-user') return sameUser();
  if (text === 'same-label') return sameSecurityLabel();
  if (text === 'anyone') return anyone();
  const [, kind, id] = /^(user|group):(.*)$/.exec(text) ?? [];
  if (kind === undefined || id === undefined) {
    throw new UsageError(`Write one of ${SPELLINGS}`);
  }
  const number = parseInteger(id, { example: `${kind}:1000` });
  return kind === 'user' ? users(number) : groups(number);
}
