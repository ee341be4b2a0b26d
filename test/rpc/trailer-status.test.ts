import { describe, expect, it } from 'vitest';
import { BadRequest } from '../../gen/google/rpc/error_details.js';
import { Status } from '../../gen/google/rpc/status.js';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { findDetail, packDetail } from '../../src/rpc/status-detail.js';
import { codeOfHttpStatus, parseTrailers, trailerFields, trailersOnlyFields } from '../../src/rpc/trailer-status.js';

const detail = packDetail('google.rpc.BadRequest', BadRequest, { fieldViolations: [{ field: 'name' }] });

describe('trailerFields', () => {
  it('of success', () => {
    expect(trailerFields({ code: Code.OK })).toEqual(['grpc-status', '0']);
    expect(trailerFields({ code: Code.OK, message: '', details: [], metadata: new Metadata() })).toEqual([
      ...['grpc-status', '0'],
    ]);
  });

  it('of a failure', () => {
    const metadata = new Metadata({ a: '1' });
    expect(trailerFields({ code: Code.NOT_FOUND, message: 'no pod "ü"', metadata })).toEqual([
      ...['grpc-status', '5', 'grpc-message', 'no pod "%C3%BC"', 'a', '1'],
    ]);
  });

  it('packs details into a google.rpc.Status, as unpadded base64', () => {
    const fields = trailerFields({ code: Code.INVALID_ARGUMENT, message: 'bad', details: [detail] });
    expect(fields.slice(0, 5)).toEqual(['grpc-status', '3', 'grpc-message', 'bad', 'grpc-status-details-bin']);
    expect(fields[5]).not.toContain('=');
    const status = Status.decode(Buffer.from(fields[5]!, 'base64'));
    expect(status).toMatchObject({ code: 3, message: 'bad' });
    expect(status.details[0]!.typeUrl).toBe(detail.typeUrl);
  });
});

describe('trailersOnlyFields', () => {
  it('is header and trailers in one', () => {
    expect(trailersOnlyFields({ code: Code.UNAUTHENTICATED, message: 'who?' })).toEqual([
      ...[':status', '200', 'content-type', 'application/grpc', 'grpc-status', '16', 'grpc-message', 'who?'],
    ]);
  });

  it('lists what would have been understood', () => {
    const options = { contentType: 'application/grpc+proto', acceptEncoding: 'identity,gzip' };
    expect(trailersOnlyFields({ code: Code.UNIMPLEMENTED }, options)).toEqual([
      ...[':status', '200', 'content-type', 'application/grpc+proto', 'grpc-accept-encoding', 'identity,gzip'],
      ...['grpc-status', '12'],
    ]);
  });
});

describe('parseTrailers', () => {
  it('reads what trailerFields wrote', () => {
    const metadata = new Metadata({ a: '1', 'b-bin': new Uint8Array([2]) });
    const status = parseTrailers(
      trailerFields({ code: Code.ABORTED, message: 'ein Fehler: ☺', details: [detail], metadata }),
    );
    expect(status).toMatchObject({ code: Code.ABORTED, message: 'ein Fehler: ☺' });
    expect(findDetail(status, 'google.rpc.BadRequest', BadRequest)?.fieldViolations[0]?.field).toBe('name');
    expect([...status.metadata]).toEqual([...metadata]);
  });

  it('reads trailers-only', () => {
    const status = parseTrailers(trailersOnlyFields({ code: Code.OK, metadata: new Metadata({ a: '1' }) }));
    expect(status).toMatchObject({ code: Code.OK, message: '', details: [] });
    expect([...status.metadata]).toEqual([['a', ['1']]]);
  });

  it.each(Object.entries(Code))('reads %s', (_, code) => {
    expect(parseTrailers(['grpc-status', String(code)]).code).toBe(code);
  });

  it.each(['17', '37', '-1', '', 'OK', '0x0', '1.0', ' 0', '4294967296'])('takes the status %j for UNKNOWN', (text) => {
    const status = parseTrailers(['grpc-status', text, 'grpc-message', 'reason']);
    expect(status.code).toBe(Code.UNKNOWN);
    expect(status.message).toBe(
      `reason (the peer sent the status ${JSON.stringify(text)}, which gRPC does not define)`,
    );
  });

  it('takes grpc-status where details or HTTP status say otherwise', () => {
    const packed = Buffer.from(
      Status.encode(
        Status.fromPartial({ code: 9, message: 'other', details: [{ ...detail, value: Buffer.from(detail.value) }] }),
      ).finish(),
    ).toString('base64');
    const status = parseTrailers([
      ...[':status', '503', 'grpc-status', '3', 'grpc-message', 'bad', 'grpc-status-details-bin', packed],
    ]);
    expect(status).toMatchObject({ code: 3, message: 'bad' });
    expect(status.details).toHaveLength(1);
  });

  it.each(['*', 'AA', '////'])('does without details that cannot be read: %s', (packed) => {
    expect(parseTrailers(['grpc-status', '3', 'grpc-status-details-bin', packed])).toMatchObject({
      code: 3,
      details: [],
    });
  });

  it.each([
    [[], Code.UNKNOWN, 'the peer ended the call without a grpc-status'],
    [[':status', '200'], Code.UNKNOWN, 'the peer ended the call without a grpc-status'],
    [[':status', '503'], Code.UNAVAILABLE, 'the peer answered with HTTP status 503 and no grpc-status'],
  ])('without grpc-status: %j', (fields, code, message) => {
    expect(parseTrailers(fields)).toMatchObject({ code, message });
  });
});

// http-grpc-status-mapping.md
it.each([
  [400, 'INTERNAL'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'UNIMPLEMENTED'],
  [429, 'UNAVAILABLE'],
  [431, 'INTERNAL'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'UNAVAILABLE'],
  [200, 'UNKNOWN'],
  [302, 'UNKNOWN'],
  [415, 'UNKNOWN'],
  [500, 'UNKNOWN'],
  [Number.NaN, 'UNKNOWN'],
] as const)('HTTP status %d is %s', (httpStatus, name) => {
  expect(codeOfHttpStatus(httpStatus)).toBe(Code[name]);
});
