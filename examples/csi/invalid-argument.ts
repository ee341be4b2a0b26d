// Outside this repository: from 'podwire'.
import { Code, RpcError } from '../../src/index.js';

/** CSI wants the offending field in the message, by its name in the protocol. */
export function invalidArgument(field: string, problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `${field}: ${problem}`);
}
