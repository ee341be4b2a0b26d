import { expect, it } from 'vitest';
import { ConnectionError } from '../../src/http2/connection-error.js';
import { ErrorCode } from '../../src/http2/error-code.js';
import { connectionEnd } from '../../src/transport/connection-end.js';

const cause = new Error('read ECONNRESET');
const closed = new ConnectionError(ErrorCode.NO_ERROR, 'the socket is closed', { remote: true });
const broken = new ConnectionError(ErrorCode.NO_ERROR, 'the socket is closed', { remote: true, cause });
const silent = new ConnectionError(ErrorCode.NO_ERROR, 'the peer was silent');
const angry = new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too much', { remote: true });

it.each([
  ['server', undefined, false, 'this side ended it', undefined],
  ['server', undefined, true, 'the client said that it was done', undefined],
  ['client', undefined, true, 'the server said that it was done', undefined],
  ['server', closed, false, 'the client closed it without a word', undefined],
  ['server', closed, true, 'the client closed it', undefined],
  ['client', closed, false, 'the server closed it without a word', closed],
  ['client', broken, false, 'it broke: read ECONNRESET', cause],
  ['server', silent, false, 'the peer was silent', silent],
  ['client', angry, true, 'ENHANCE_YOUR_CALM: too much', angry],
] as const)('%s, %s, GOAWAY %s: %s', (role, error, farewell, reason, told) => {
  expect(connectionEnd(role, error, farewell)).toEqual({ reason, error: told });
});
