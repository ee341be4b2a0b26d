import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HealthCheckResponse_ServingStatus as Status } from '../../../gen/grpc/health/v1/health.js';
import { Code } from '../../../src/index.js';
import { Health, type ServingStatus } from '../../../src/services/health/health.js';

function start() {
  const stopping = new AbortController();
  const caller = new AbortController();
  const health = new Health(stopping.signal);
  const watch = (service: string) => health.watch({ service }, { signal: caller.signal });
  return { health, stopping, caller, watch };
}

describe('Health', () => {
  it('says at first that the server serves, and knows no service', async () => {
    const { health } = start();
    expect(health.get('')).toBe('SERVING');
    expect(health.get('a.A')).toBeUndefined();
    expect(await health.check({ service: '' })).toEqual({ status: Status.SERVING });
    await expect(health.check({ service: 'a.A' })).rejects.toMatchObject({
      code: Code.NOT_FOUND,
      statusMessage: expect.stringContaining('"a.A"'),
    });
  });

  it('checks what was set, service by service', async () => {
    const { health } = start();
    health.set('a.A', 'NOT_SERVING');
    health.set('b.B', 'UNKNOWN');
    expect(await health.check({ service: 'a.A' })).toEqual({ status: Status.NOT_SERVING });
    expect(await health.check({ service: 'b.B' })).toEqual({ status: Status.UNKNOWN });
    expect(await health.check({ service: '' })).toEqual({ status: Status.SERVING });
    health.delete('a.A');
    await expect(health.check({ service: 'a.A' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });

  it('takes only statuses that a service can have', () => {
    const { health } = start();
    for (const status of ['SERVICE_UNKNOWN', 'serving', 1, undefined]) {
      expect(() => health.set('a.A', status as ServingStatus)).toThrow(TypeError);
    }
  });

  it('lists a hundred services, not one more', async () => {
    const { health } = start();
    for (let index = 1; index < 100; index++) health.set(`service${index}`, 'NOT_SERVING');
    const { statuses } = await health.list();
    expect(Object.keys(statuses)).toHaveLength(100);
    expect(statuses['']).toEqual({ status: Status.SERVING });
    expect(statuses.service99).toEqual({ status: Status.NOT_SERVING });
    health.set('one more', 'SERVING');
    await expect(health.list()).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });

  it('watches: the status now, then each change', async () => {
    const { health, watch } = start();
    const statuses = watch('a.A');
    expect((await statuses.next()).value).toEqual({ status: Status.SERVICE_UNKNOWN });
    for (const status of ['SERVING', 'NOT_SERVING', 'UNKNOWN'] as const) {
      const next = statuses.next();
      health.set('a.A', status);
      expect((await next).value).toEqual({ status: Status[status] });
    }
    const next = statuses.next();
    health.delete('a.A');
    expect((await next).value).toEqual({ status: Status.SERVICE_UNKNOWN });
  });

  it('does not tell a watcher what has not changed, or concerns another', async () => {
    const { health, watch } = start();
    const statuses = watch('');
    await statuses.next();
    let told = false;
    const next = statuses.next().then(({ value }) => {
      told = true;
      return value;
    });
    health.set('', 'SERVING');
    health.set('a.A', 'NOT_SERVING');
    await turn();
    expect(told).toBe(false);
    health.set('', 'NOT_SERVING');
    expect(await next).toEqual({ status: Status.NOT_SERVING });
  });

  it('tells a slow watcher the latest only', async () => {
    const { health, watch } = start();
    const statuses = watch('a.A');
    await statuses.next();
    health.set('a.A', 'SERVING');
    health.set('a.A', 'NOT_SERVING');
    health.set('a.A', 'UNKNOWN');
    expect((await statuses.next()).value).toEqual({ status: Status.UNKNOWN });
    const next = statuses.next();
    health.set('a.A', 'SERVING');
    expect((await next).value).toEqual({ status: Status.SERVING });
  });

  it('ends a watch when the caller is gone', async () => {
    const { caller, watch } = start();
    const statuses = watch('a.A');
    await statuses.next();
    const next = statuses.next();
    caller.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  it('serves nothing any more when the server stops: watchers hear it, then their call ends', async () => {
    const { health, stopping, watch } = start();
    health.set('a.A', 'SERVING');
    const statuses = watch('a.A');
    await statuses.next();
    const next = statuses.next();
    stopping.abort();
    expect((await next).value).toEqual({ status: Status.NOT_SERVING });
    await expect(statuses.next()).rejects.toMatchObject({ code: Code.UNAVAILABLE });

    health.set('a.A', 'SERVING');
    health.set('b.B', 'SERVING');
    health.delete('');
    expect([health.get('a.A'), health.get('b.B'), health.get('')]).toEqual(['NOT_SERVING', undefined, 'NOT_SERVING']);
    expect(new Health(stopping.signal).get('')).toBe('NOT_SERVING');
  });
});
