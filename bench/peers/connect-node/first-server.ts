import { createServer } from 'node:http2';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { DescribeRequest } from '../../../gen/podinfo/v1/podinfo.js';
import { ProgramOptions } from '../../node/program-options.js';
import { PodInfo } from './pod-info.js';

const implementation = { describe: ({ text }: DescribeRequest) => ({ reply: `${text} And a reply from the server.` }) };
const handler = connectNodeAdapter({
  connect: false,
  grpcWeb: false,
  routes: (router) => void router.service(PodInfo, implementation as unknown as ServiceImpl<typeof PodInfo>),
});
const server = createServer(handler);
server.listen(new ProgramOptions().text('endpoint').replace('unix://', ''), () => console.log('listening'));
