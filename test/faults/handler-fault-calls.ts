import { expect } from 'vitest';
import type { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import type { CallOptions } from '../../src/client/call-options.js';
import type { Client } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import type { Bench, Fault } from './fault.js';
import { FAULT } from './faulty-pod-info.js';
import type { HandlerFault } from './handler-fault.js';
import { handlerFaults } from './handler-faults.js';

/** Calls at the same time at full size: many faults wait for a deadline. */
const AT_ONCE = 10;

/** Calls of the handlers that do what they should not. */
export const handlerFaultCalls: readonly Fault[] = handlerFaults.map((fault, index) => ({
  name: `of ${fault.method} ${fault.name}`,
  full: 5,
  count: ({ full }) => (full ? AT_ONCE : 1),
  inject: async (bench) => {
    const calls = Array.from({ length: bench.full ? AT_ONCE : 1 }, () => callFaultyHandler(bench, fault, index));
    await Promise.all(calls);
  },
}));

async function callFaultyHandler(bench: Bench, fault: HandlerFault, index: number): Promise<void> {
  // Of its own: a handler that hangs for ever counts as running for as long as the connection is open.
  const { podinfo, close } = bench.open(bench.path);
  const { method, code, responses = 0, timeoutMs, cancelAfter } = fault;
  const cancel = new AbortController();
  const options: CallOptions = { metadata: { [FAULT]: String(index) }, timeoutMs, signal: cancel.signal };
  let received = 0;
  let outcome: Code = Code.OK;
  try {
    for await (const _ of responsesOf(podinfo, method, options)) {
      if (++received === cancelAfter) cancel.abort();
    }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    outcome = error.code;
  }
  expect({ code: outcome, received }).toEqual({ code, received: responses });
  await close();
}

async function* responsesOf(
  podinfo: Client<typeof PodInfoDefinition>,
  method: HandlerFault['method'],
  options: CallOptions,
): AsyncGenerator<unknown> {
  if (method === 'describe') yield await podinfo.describe({ text: 'x' }, options);
  if (method === 'watch') yield* podinfo.watch({}, options);
  if (method === 'pushLogs') yield await podinfo.pushLogs(withoutEnd({ line: 'x'.repeat(1_000) }), options);
  if (method === 'exchange') yield* podinfo.exchange(withoutEnd({ id: 1n }), options);
}

async function* withoutEnd<Message>(message: Message): AsyncGenerator<Message> {
  for (;;) yield message;
}
