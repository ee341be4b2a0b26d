import { expect } from 'vitest';
import { RpcError } from '../../src/rpc/rpc-error.js';

/** The RpcError that a call ends with; fails when it ends well or otherwise. */
export async function rejection(call: Promise<unknown>): Promise<RpcError> {
  const outcome = await call.then(
    () => 'fulfilled',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(RpcError);
  return outcome as RpcError;
}
