import { expect, it } from 'vitest';
import { DescribeRequest, DescribeResponse, PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { compileService } from '../../src/rpc/compile-service.js';

it('works out what does not change from call to call', () => {
  const methods = compileService(PodInfoDefinition);
  expect(methods[0]).toEqual({
    key: 'describe',
    path: '/podinfo.v1.PodInfo/Describe',
    fullName: 'podinfo.v1.PodInfo/Describe',
    service: 'podinfo.v1.PodInfo',
    name: 'Describe',
    requestStream: false,
    responseStream: false,
    requestType: DescribeRequest,
    responseType: DescribeResponse,
    idempotent: false,
  });
  expect(methods.map(({ key, requestStream, responseStream }) => [key, requestStream, responseStream])).toEqual([
    ['describe', false, false],
    ['watch', false, true],
    ['pushLogs', true, false],
    ['exchange', true, true],
  ]);
});

it.each([
  [{}, false],
  [{ idempotencyLevel: 'IDEMPOTENT' }, true],
  [{ idempotencyLevel: 'NO_SIDE_EFFECTS' }, true],
] as const)('options %j: idempotent is %s', (options, idempotent) => {
  const describe = { ...PodInfoDefinition.methods.describe, options };
  expect(compileService({ ...PodInfoDefinition, methods: { describe } })[0]?.idempotent).toBe(idempotent);
});
