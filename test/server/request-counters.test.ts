import { expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { RequestCounters } from '../../src/server/request-counters.js';
import { serverEvents } from '../../src/server/server-events.js';

const peer = { groups: [], endpoint: 'unix:x.sock' };

it('counts, and makes nothing of a call that nobody listens to', () => {
  const counters = new RequestCounters();
  const call = counters.started('a/B', peer);
  expect(call).toBeUndefined();
  counters.ended(call, Code.OK, '');
  expect({ ...counters }).toMatchObject({ callsStarted: 1, callsSucceeded: 1, callsFailed: 0, requestsRejected: 0 });
});

it('tells the end of a call to who listens to ends only, and nothing of one that began before', () => {
  const counters = new RequestCounters();
  const early = counters.started('a/Early', peer);
  const ends: string[] = [];
  const listener = ({ method, code }: { method: string; code: Code }) => void ends.push(`${method} ${code}`);
  serverEvents.callEnd.subscribe(listener);
  const call = counters.started('a/B', peer);
  counters.ended(early, Code.OK, '');
  counters.ended(call, Code.ABORTED, 'no');
  serverEvents.callEnd.unsubscribe(listener);
  counters.ended(counters.started('a/Late', peer), Code.OK, '');
  expect(ends).toEqual([`a/B ${Code.ABORTED}`]);
  expect({ ...counters }).toMatchObject({ callsStarted: 3, callsSucceeded: 2, callsFailed: 1 });
});
