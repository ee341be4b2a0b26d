import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Any } from '../../gen/google/protobuf/any.js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { findDetail, packDetail, type StatusDetail } from '../../src/rpc/status-detail.js';

const badRequest = packDetail('google.rpc.BadRequest', BadRequest, {
  fieldViolations: [{ field: 'name', description: 'must not be empty' }],
});
const errorInfo = packDetail('google.rpc.ErrorInfo', ErrorInfo, { reason: 'NO_SPACE', domain: 'csi' });
const error = new RpcError(Code.INVALID_ARGUMENT, 'bad name', { details: [badRequest, errorInfo] });

describe('packDetail', () => {
  it('makes an Any with the type in its URL', () => {
    expect(badRequest.typeUrl).toBe('type.googleapis.com/google.rpc.BadRequest');
    expect(BadRequest.decode(badRequest.value).fieldViolations[0]?.field).toBe('name');
  });
});

describe('findDetail', () => {
  it('finds each detail by its type', () => {
    expect(findDetail(error, 'google.rpc.BadRequest', BadRequest)?.fieldViolations[0]?.description).toBe(
      'must not be empty',
    );
    expect(findDetail(error, 'google.rpc.ErrorInfo', ErrorInfo)?.reason).toBe('NO_SPACE');
  });

  it('is undefined when there is none, also for a name that merely ends alike', () => {
    expect(findDetail({ details: [] }, 'google.rpc.BadRequest', BadRequest)).toBeUndefined();
    expect(findDetail(error, 'rpc.BadRequest', BadRequest)).toBeUndefined();
  });

  it.each(['google.rpc.ErrorInfo', '/google.rpc.ErrorInfo', 'example.com/a/b/google.rpc.ErrorInfo'])(
    'reads the type URL %s',
    (typeUrl) => {
      const details = [{ typeUrl, value: errorInfo.value }];
      expect(findDetail({ details }, 'google.rpc.ErrorInfo', ErrorInfo)?.domain).toBe('csi');
    },
  );

  it('returns the message type', () => {
    expectTypeOf(findDetail(error, 'google.rpc.ErrorInfo', ErrorInfo)).toEqualTypeOf<ErrorInfo | undefined>();
    expectTypeOf<Any>().toExtend<StatusDetail>();
  });
});
