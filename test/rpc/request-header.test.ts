import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { type ParsedRequest, parseRequestHeader, requestHeader, splitPath } from '../../src/rpc/request-header.js';
import type { RequestRefusal } from '../../src/rpc/request-refusal.js';

const path = '/podinfo.v1.PodInfo/Describe';
const minimal = [':method', 'POST', ':scheme', 'http', ':path', path, 'content-type', 'application/grpc'];

function accepted(fields: string[]): ParsedRequest {
  const parsed = parseRequestHeader(fields);
  expect(parsed.kind).toBe('request');
  return parsed as ParsedRequest;
}

function refused(fields: string[]): RequestRefusal {
  const parsed = parseRequestHeader(fields);
  expect(parsed.kind).toBe('refusal');
  return parsed as RequestRefusal;
}

function without(name: string): string[] {
  const index = minimal.indexOf(name);
  return minimal.filter((_, position) => position !== index && position !== index + 1);
}

describe('requestHeader', () => {
  it('of a plain call', () => {
    expect(requestHeader({ path })).toEqual([
      ...[':method', 'POST', ':scheme', 'http', ':path', path, ':authority', 'localhost'],
      ...['te', 'trailers', 'content-type', 'application/grpc', 'grpc-accept-encoding', 'identity,gzip'],
    ]);
  });

  it('has metadata after its own fields and the timeout last', () => {
    const metadata = new Metadata({ a: '1', 'b-bin': new Uint8Array([0]) });
    const fields = requestHeader({
      ...{ path, authority: 'x', timeoutMs: 1_000, encoding: 'gzip', acceptEncoding: 'gzip' },
      ...{ userAgent: 'podwire/1', metadata },
    });
    expect(fields.slice(6)).toEqual([
      ...[':authority', 'x', 'te', 'trailers', 'content-type', 'application/grpc', 'grpc-accept-encoding', 'gzip'],
      ...['grpc-encoding', 'gzip', 'user-agent', 'podwire/1', 'a', '1', 'b-bin', 'AA', 'grpc-timeout', '1000m'],
    ]);
  });

  it('does not send identity', () => {
    expect(requestHeader({ path, encoding: 'identity' })).toEqual(requestHeader({ path }));
  });

  it('sends one user-agent, that of the metadata first', () => {
    const metadata = new Metadata({ 'user-agent': 'mine' });
    const fields = requestHeader({ path, userAgent: 'podwire/1', metadata });
    expect(fields.filter((_, index) => fields[index - 1] === 'user-agent')).toEqual(['mine']);
  });

  it('is read by the other side', () => {
    const metadata = new Metadata({ a: ['1', '2'], 'b-bin': new Uint8Array([3]) });
    const parsed = accepted(
      requestHeader({ path, timeoutMs: 1.5, encoding: 'gzip', userAgent: 'podwire/1', metadata }),
    );
    expect(parsed).toMatchObject({
      ...{ path, authority: 'localhost', timeoutMs: 1.5, contentType: 'application/grpc' },
      ...{ encoding: 'gzip', acceptEncoding: 'identity,gzip' },
    });
    expect([...Metadata.fromFields(parsed.fields)]).toEqual([['user-agent', ['podwire/1']], ...metadata]);
  });
});

describe('parseRequestHeader', () => {
  it('reads a list that HPACK gives again and again only once', () => {
    const fields = requestHeader({ path, timeoutMs: 1_000 });
    expect(parseRequestHeader(fields)).not.toBe(parseRequestHeader(fields));
    Object.freeze(fields);
    expect(parseRequestHeader(fields)).toMatchObject({ path, timeoutMs: 1_000 });
    expect(parseRequestHeader(fields)).toBe(parseRequestHeader(fields));
  });
});

describe('parseRequestHeader accepts', () => {
  it('the least there is: no authority, te, timeout or encodings', () => {
    const parsed = accepted(minimal);
    expect(parsed).toMatchObject({ path, authority: undefined, timeoutMs: undefined, encoding: undefined });
    expect(Metadata.fromFields(parsed.fields).size).toBe(0);
  });

  it.each(['', '@name', '/run/csi.sock', '%2Frun%2Fcsi.sock', 'localhost', 'a\0b'])('the authority %j', (authority) => {
    expect(accepted([':authority', authority, ...minimal]).authority).toBe(authority);
  });

  it('a host where there is no authority', () => {
    expect(accepted([...minimal, 'host', 'x']).authority).toBe('x');
    expect(accepted([':authority', 'a', ...minimal, 'host', 'x']).authority).toBe('a');
  });

  it.each([
    ['application/grpc+proto', 'application/grpc+proto'],
    ['APPLICATION/grpc; charset=utf-8', 'application/grpc'],
  ])('the content type %s', (contentType, answer) => {
    expect(accepted([...without('content-type'), 'content-type', contentType]).contentType).toBe(answer);
  });

  it.each([['https'], ['unix']])('the scheme %s', (scheme) => {
    accepted([...without(':scheme'), ':scheme', scheme]);
  });

  it('several fields of accepted encodings as one list', () => {
    const fields = [...minimal, 'grpc-accept-encoding', 'identity', 'grpc-accept-encoding', 'gzip'];
    expect(accepted(fields).acceptEncoding).toBe('identity,gzip');
  });

  it('the last of two timeouts', () => {
    expect(accepted([...minimal, 'grpc-timeout', '1S', 'grpc-timeout', '2S']).timeoutMs).toBe(2_000);
  });

  it('a timeout of zero', () => {
    expect(accepted([...minimal, 'grpc-timeout', '0n']).timeoutMs).toBe(0);
  });
});

describe('parseRequestHeader refuses', () => {
  it.each([
    ['no content type', without('content-type')],
    ['JSON', [...without('content-type'), 'content-type', 'application/json']],
    ['gRPC-Web', [...without('content-type'), 'content-type', 'application/grpc-web+proto']],
    ['a second content type', [...minimal, 'content-type', 'text/plain']],
    ['a browser', [':method', 'GET', ':scheme', 'http', ':path', '/']],
  ])('%s with HTTP status 415', (_, fields) => {
    const refusal = refused(fields);
    expect(refusal.httpStatus).toBe(415);
    expect(refusal.message).toContain('speaks gRPC only');
  });

  it.each(['GET', 'PUT', 'post'])('the method %s with HTTP status 405', (method) => {
    expect(refused([':method', method, ...without(':method')])).toMatchObject({
      httpStatus: 405,
      message: expect.stringContaining(method),
    });
  });

  it.each(['', '/', '//', 'a/b', '/a', '/a/', '//b', '*'])('the path %j as UNIMPLEMENTED', (bad) => {
    expect(refused([...without(':path'), ':path', bad])).toMatchObject({
      httpStatus: 200,
      code: Code.UNIMPLEMENTED,
      message: expect.stringContaining(JSON.stringify(bad)),
    });
  });

  it('a missing path as UNIMPLEMENTED', () => {
    expect(refused(without(':path')).code).toBe(Code.UNIMPLEMENTED);
  });

  it('an unknown encoding as UNIMPLEMENTED, listing the known ones', () => {
    expect(refused([...minimal, 'grpc-encoding', 'snappy'])).toMatchObject({
      httpStatus: 200,
      code: Code.UNIMPLEMENTED,
      message: 'message encoding "snappy" is not supported; supported: identity,gzip',
    });
  });

  it.each(['', '1', '123456789n', '-1S'])('the timeout %j as INTERNAL', (timeout) => {
    expect(refused([...minimal, 'grpc-timeout', timeout])).toMatchObject({ httpStatus: 200, code: Code.INTERNAL });
  });
});

describe('splitPath', () => {
  it.each([
    ['/podinfo.v1.PodInfo/Describe', { service: 'podinfo.v1.PodInfo', method: 'Describe' }],
    ['/a/b/C', { service: 'a/b', method: 'C' }],
    ['/a', undefined],
    ['a/b', undefined],
  ])('%s', (text, parts) => {
    expect(splitPath(text)).toEqual(parts);
  });
});
