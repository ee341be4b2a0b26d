import { Code } from '../../rpc/code.js';
import { refused } from './expectations.js';

/**
 * Asks once for each required field, with a request that lacks it. Rejects with Unmet unless all are INVALID_ARGUMENT.
 *
 * @param without for each field, by its name in the protocol, what to change of the request so that it is not there.
 */
export async function requireFields<Request extends object>(
  call: (request: Request) => Promise<unknown>,
  request: NoInfer<Request>,
  without: { readonly [field: string]: NoInfer<Partial<Request>> },
): Promise<void> {
  for (const [field, change] of Object.entries(without)) {
    await refused(call({ ...request, ...change }), `a request without ${field}`, Code.INVALID_ARGUMENT);
  }
}
