import { isDeepStrictEqual } from 'node:util';
import { Code } from '../../rpc/code.js';
import { codeName } from '../../rpc/code-name.js';
import { RpcError } from '../../rpc/rpc-error.js';
import { unlessCode } from '../controller/unless-code.js';
import { show } from './show.js';
import { Unmet } from './unmet.js';

/** Throws Unmet when it does not hold; `received` is what there was instead. */
export function holds(condition: boolean, expected: string, received: unknown): asserts condition {
  if (!condition) throw new Unmet(expected, typeof received === 'string' ? received : show(received));
}

/** Throws Unmet when the two are not alike in all they hold. */
export function equal(received: unknown, expected: unknown, what: string): void {
  holds(isDeepStrictEqual(received, expected), `${what}: ${show(expected)}`, received);
}

/** The error of a call that has to fail with one of the codes, and to say why. Rejects with Unmet when it does otherwise. */
export async function refused(call: Promise<unknown>, what: string, ...codes: readonly Code[]): Promise<RpcError> {
  const wanted = `${codes.map(codeName).join(' or ')} for ${what}`;
  const outcome = await call.then(
    (response) => ({ response }),
    (error: unknown) => ({ error }),
  );
  if ('response' in outcome) throw new Unmet(wanted, `OK ${show(outcome.response)}`);
  const { error } = outcome;
  if (!(error instanceof RpcError)) throw error;
  holds(codes.includes(error.code), wanted, `${codeName(error.code)}: ${error.statusMessage}`);
  // "Error Scheme": the status message must have a description for people.
  holds(error.statusMessage !== '', `${wanted}, with a message for people`, 'an empty message');
  return error;
}

/** The response of a call, or undefined when it was ABORTED, which a plugin may answer while another one is pending. */
export function unlessAborted<Response>(call: Promise<Response>): Promise<Response | undefined> {
  return unlessCode(Code.ABORTED, call);
}
