import { expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { CallCounters } from '../../src/transport/call-counters.js';

it('counts how calls end, each failure once in all and once by its kind', () => {
  const counters = new CallCounters();
  for (const code of Object.values(Code)) counters.callEnded(code);
  counters.callEnded(Code.UNAVAILABLE);
  expect({ ...counters }).toEqual({
    callsStarted: 0,
    callsSucceeded: 1,
    callsFailed: Object.keys(Code).length,
    callsCancelled: 1,
    callsDeadlineExceeded: 1,
    callsUnavailable: 2,
  });
});
