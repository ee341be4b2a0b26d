import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { parseResponseHeader, responseHeader } from '../../src/rpc/response-header.js';

describe('responseHeader', () => {
  it('of a plain response', () => {
    expect(responseHeader()).toEqual([':status', '200', 'content-type', 'application/grpc']);
    expect(responseHeader({ encoding: 'identity' })).toEqual(responseHeader());
  });

  it('with everything', () => {
    expect(
      responseHeader({
        contentType: 'application/grpc+proto',
        encoding: 'gzip',
        acceptEncoding: 'identity,gzip',
        metadata: new Metadata({ a: '1' }),
      }),
    ).toEqual([
      ...[':status', '200', 'content-type', 'application/grpc+proto', 'grpc-encoding', 'gzip'],
      ...['grpc-accept-encoding', 'identity,gzip', 'a', '1'],
    ]);
  });
});

describe('parseResponseHeader', () => {
  it('reads what responseHeader wrote', () => {
    const metadata = new Metadata({ a: '1' });
    const parsed = parseResponseHeader(responseHeader({ encoding: 'gzip', acceptEncoding: 'gzip', metadata }));
    expect(parsed).toEqual({ kind: 'response', encoding: 'gzip', acceptEncoding: 'gzip' });
  });

  it('reads a list that HPACK gives again and again only once, unless it fails a call', () => {
    const fields = responseHeader({ acceptEncoding: 'identity,gzip' });
    expect(Object.isFrozen(fields)).toBe(true);
    expect(parseResponseHeader(fields)).toEqual({
      ...{ kind: 'response', encoding: undefined, acceptEncoding: 'identity,gzip' },
    });
    expect(parseResponseHeader(fields)).toBe(parseResponseHeader(fields));
    const failure = Object.freeze([':status', '503']) as string[];
    expect(parseResponseHeader(failure)).not.toBe(parseResponseHeader(failure));
  });

  it.each([
    ['503', 'text/html', Code.UNAVAILABLE, 'the peer answered with HTTP status 503 and no gRPC response'],
    ['404', 'application/grpc', Code.UNIMPLEMENTED, 'the peer answered with HTTP status 404 and no gRPC response'],
    ['200', 'text/html', Code.UNKNOWN, 'the peer answered with content-type "text/html", which is not gRPC\'s'],
  ])('fails for status %s with %s', (status, contentType, code, message) => {
    const parsed = parseResponseHeader([':status', status, 'content-type', contentType, 'server', 'x']);
    expect(parsed).toMatchObject({ kind: 'failure', status: { code, message, details: [] } });
    expect(parsed.kind === 'failure' && parsed.status.metadata.get('server')).toBe('x');
  });

  it('fails without a content type or a status', () => {
    expect(parseResponseHeader([':status', '200'])).toMatchObject({
      kind: 'failure',
      status: { code: Code.UNKNOWN, message: expect.stringContaining('no content-type') },
    });
    expect(parseResponseHeader([])).toMatchObject({ kind: 'failure', status: { code: Code.UNKNOWN } });
  });
});
