import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { ProgramOptions } from '../../node/program-options.js';
import { podInfoService } from './pod-info-service.js';

const PodInfoClient = makeGenericClientConstructor(podInfoService, 'PodInfo');
const podInfo = new PodInfoClient(new ProgramOptions().text('endpoint'), credentials.createInsecure());
const request = { text: 'Some values from the client,' };
podInfo.describe(request, { deadline: Date.now() + 10_000 }, (error: Error | null) => {
  if (error) throw error;
  console.log('answer');
  podInfo.close();
});
