import { describe, expect, it } from 'vitest';
import * as errors from '../../src/csi/csi-error.js';
import { Code, RpcError } from '../../src/index.js';

describe('the errors of CSI', () => {
  const cases: [RpcError, Code, string][] = [
    [errors.invalidArgument('volume_id', 'is required'), Code.INVALID_ARGUMENT, 'volume_id: is required'],
    [errors.notFound('volume', 'v1'), Code.NOT_FOUND, 'there is no volume "v1"'],
    [
      errors.alreadyExists('volume', 'data', 'with 5 bytes'),
      Code.ALREADY_EXISTS,
      'the volume "data" exists already with 5 bytes',
    ],
    [
      errors.aborted('volume', 'v1'),
      Code.ABORTED,
      'an operation on the volume "v1" is pending; try again when it is done',
    ],
    [
      errors.invalidStartingToken(),
      Code.ABORTED,
      'starting_token: not known here; list again from the start, without one',
    ],
    [errors.failedPrecondition('v1 is staged'), Code.FAILED_PRECONDITION, 'v1 is staged'],
    [errors.resourceExhausted('no room'), Code.RESOURCE_EXHAUSTED, 'no room'],
    [errors.outOfRange('capacity_range', 'is too large'), Code.OUT_OF_RANGE, 'capacity_range: is too large'],
    [errors.permissionDenied('not yours'), Code.PERMISSION_DENIED, 'not yours'],
    [errors.unauthenticated('who are you?'), Code.UNAUTHENTICATED, 'who are you?'],
    [errors.unimplemented('snapshots'), Code.UNIMPLEMENTED, 'this plugin does not offer snapshots'],
  ];

  it.each(cases)('%s', (error, code, message) => {
    expect(error).toBeInstanceOf(RpcError);
    expect(error.code).toBe(code);
    expect(error.statusMessage).toBe(message);
    expect(error.details).toEqual([]);
  });

  it('are all tried here', () => {
    expect(cases).toHaveLength(Object.keys(errors).length);
  });
});
