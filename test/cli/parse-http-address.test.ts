import { expect, it } from 'vitest';
import { parseHttpAddress } from '../../src/cli/parse-http-address.js';

it.each([
  ['9808', { host: '127.0.0.1', port: 9808 }],
  [':9808', { host: '0.0.0.0', port: 9808 }],
  ['10.0.0.1:0', { host: '10.0.0.1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['[::]:9808', { host: '::', port: 9808 }],
  ['/run/http.sock', { path: '/run/http.sock' }],
  ['unix:/run/http.sock', { path: '/run/http.sock' }],
  ['unix:///run/http.sock', { path: '/run/http.sock' }],
])('reads %s', (text, address) => {
  expect(parseHttpAddress(text)).toEqual(address);
});

it.each(['', ':', 'localhost', ':65536', '::1:80', 'http://localhost:80', 'http.sock', '@http'])(
  'refuses %j',
  (text) => {
    expect(() => parseHttpAddress(text)).toThrow('Write 9808 (loopback)');
  },
);
