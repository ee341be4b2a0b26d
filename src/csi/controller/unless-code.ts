import type { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';

/** The response of a call, or undefined when it failed with `code`: UNIMPLEMENTED, say, by a plugin without that service. */
export async function unlessCode<Response>(code: Code, call: Promise<Response>): Promise<Response | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RpcError && error.code === code) return undefined;
    throw error;
  }
}
