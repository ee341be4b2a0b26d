import type { MethodDefinition } from '@grpc/grpc-js';
import { DescribeRequest, DescribeResponse } from '../../../gen/podinfo/v1/podinfo.js';

const describe: MethodDefinition<DescribeRequest, DescribeResponse> = {
  path: '/podinfo.v1.PodInfo/Describe',
  requestStream: false,
  responseStream: false,
  requestSerialize: (message) => Buffer.from(DescribeRequest.encode(message).finish()),
  requestDeserialize: (bytes) => DescribeRequest.decode(bytes),
  responseSerialize: (message) => Buffer.from(DescribeResponse.encode(message).finish()),
  responseDeserialize: (bytes) => DescribeResponse.decode(bytes),
};

export const podInfoService = { describe };
