import { Code } from '../rpc/code.js';
import { RpcError } from '../rpc/rpc-error.js';

/*
 * The codes that CSI asks for ("Error Scheme", and the table of each RPC), with messages for people. None has details:
 * the specification wants them empty.
 */

/** A field is missing, or has a value that cannot be. `field` is its name in the protocol: `volume_capabilities[0].access_mode`. */
export function invalidArgument(field: string, problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `${field}: ${problem}`);
}

/** There is no such volume, snapshot, group snapshot, node ... */
export function notFound(kind: string, id: string): RpcError {
  return new RpcError(Code.NOT_FOUND, `there is no ${kind} ${JSON.stringify(id)}`);
}

/** It is there, but not as this call wants it: `alreadyExists('volume', name, 'with 5 bytes')`. */
export function alreadyExists(kind: string, name: string, why: string): RpcError {
  return new RpcError(Code.ALREADY_EXISTS, `the ${kind} ${JSON.stringify(name)} exists already ${why}`);
}

/** Another operation on the same thing is not done yet; the caller is to try again later. */
export function aborted(kind: string, id: string): RpcError {
  const message = `an operation on the ${kind} ${JSON.stringify(id)} is pending; try again when it is done`;
  return new RpcError(Code.ABORTED, message);
}

/** `starting_token` is not one that this plugin gave, or too old; the caller is to list from the start. */
export function invalidStartingToken(): RpcError {
  return new RpcError(Code.ABORTED, 'starting_token: not known here; list again from the start, without one');
}

/** Not now: a volume is in use, is not staged, is published on another node. */
export function failedPrecondition(message: string): RpcError {
  return new RpcError(Code.FAILED_PRECONDITION, message);
}

/** No room, or no more volumes for this node. */
export function resourceExhausted(message: string): RpcError {
  return new RpcError(Code.RESOURCE_EXHAUSTED, message);
}

/** A capacity or an offset that cannot be had. */
export function outOfRange(field: string, problem: string): RpcError {
  return new RpcError(Code.OUT_OF_RANGE, `${field}: ${problem}`);
}

/** The secrets say who calls, and that one may not. */
export function permissionDenied(message: string): RpcError {
  return new RpcError(Code.PERMISSION_DENIED, message);
}

/** The secrets are missing or wrong. */
export function unauthenticated(message: string): RpcError {
  return new RpcError(Code.UNAUTHENTICATED, message);
}

/** Not offered by this plugin as it is set up. */
export function unimplemented(what: string): RpcError {
  return new RpcError(Code.UNIMPLEMENTED, `this plugin does not offer ${what}`);
}
