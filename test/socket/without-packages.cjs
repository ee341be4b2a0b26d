/**
 * Makes the packages that PODWIRE_TEST_WITHOUT names (`koffi`, `koffi,abstract-socket`) impossible to resolve, in a
 * process and in all that it starts:
 *
 *     PODWIRE_TEST_WITHOUT=koffi NODE_OPTIONS="--require $PWD/test/socket/without-packages.cjs" npx vitest run ...
 */
const Module = require('node:module');

const hidden = new Set((process.env.PODWIRE_TEST_WITHOUT ?? '').split(','));
const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveFilename(request, ...rest) {
  if (!hidden.has(request)) return resolve.call(this, request, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
};
