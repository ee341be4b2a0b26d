import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';

/** Undefined for a service that is not there. */
export async function offered<Response>(call: Promise<Response>): Promise<Response | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RpcError && error.code === Code.UNIMPLEMENTED) return undefined;
    throw error;
  }
}
