import type { DescMethod } from '@bufbuild/protobuf';
import { fileDescriptorSet as csi } from '../../../gen/csi/v1/csi.descriptor.js';
import { fileDescriptorSet as testing } from '../../../gen/grpc/testing/test.descriptor.js';
import { service } from './service.js';

export const TestService = service(testing(), 'grpc.testing.TestService');
export const Controller = service(csi(), 'csi.v1.Controller');
export const createVolumeMethod = Controller.method.createVolume as DescMethod;
