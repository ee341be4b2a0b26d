import { expect, it } from 'vitest';
import { grpcContentType } from '../../src/rpc/content-type.js';

it.each([
  ['application/grpc', 'application/grpc'],
  ['application/grpc+proto', 'application/grpc+proto'],
  ['Application/GRPC', 'application/grpc'],
  ['application/grpc;charset=utf-8', 'application/grpc'],
  ['application/grpc+proto ; a=b', 'application/grpc+proto'],
  ['application/grpc+json', undefined],
  ['application/grpc+proto2', undefined],
  ['application/grpc-web', undefined],
  ['application/grpc-web+proto', undefined],
  ['application/grpcx', undefined],
  ['application/json', undefined],
  ['', undefined],
])('%j: %j', (contentType, answer) => {
  expect(grpcContentType(contentType)).toBe(answer);
});
