import { expect, it } from 'vitest';
import { EventStream } from '../../../src/csi/reconcile/event-stream.js';

it('gives each reader what comes after it began, until it is closed', async () => {
  const stream = new EventStream<number>();
  stream.publish(0);
  const first = stream.read();
  stream.publish(1);
  const second = stream.read();
  stream.publish(2);
  expect((await first.next()).value).toBe(1);
  const waiting = second.next().then(() => second.next());
  await new Promise(setImmediate);
  stream.publish(3);
  expect((await waiting).value).toBe(3);
  stream.close();
  expect([(await first.next()).value, (await first.next()).value]).toEqual([2, 3]);
  expect((await first.next()).done).toBe(true);
  expect((await second.next()).done).toBe(true);
});

it('ends for one reader by its signal', async () => {
  const stream = new EventStream<number>();
  const stopping = new AbortController();
  const reader = stream.read(stopping.signal);
  const next = reader.next();
  stopping.abort();
  expect((await next).done).toBe(true);
});

it('does not keep for ever what nobody reads', async () => {
  const stream = new EventStream<number>();
  const reader = stream.read();
  for (let index = 0; index < 20_000; index++) stream.publish(index);
  await expect(reader.next()).rejects.toThrow(RangeError);
});
