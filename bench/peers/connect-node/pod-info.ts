import { fileDescriptorSet } from '../../../gen/podinfo/v1/podinfo.descriptor.js';
import { service } from './service.js';

export const PodInfo = service(fileDescriptorSet(), 'podinfo.v1.PodInfo');
