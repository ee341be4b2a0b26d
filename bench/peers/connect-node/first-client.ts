import { connect } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { ProgramOptions } from '../../node/program-options.js';
import { PodInfo } from './pod-info.js';

const path = new ProgramOptions().text('endpoint').replace('unix://', '');
const baseUrl = 'http://localhost';
const sessionManager = new Http2SessionManager(baseUrl, undefined, { createConnection: () => connect(path) });
// A client of a service that was read from descriptors has no types of its own.
const podInfo = createClient(PodInfo, createGrpcTransport({ baseUrl, sessionManager })) as unknown as {
  describe(request: object, options: { timeoutMs: number }): Promise<object>;
};
await podInfo.describe({ text: 'Some values from the client,' }, { timeoutMs: 10_000 });
console.log('answer');
sessionManager.abort();
