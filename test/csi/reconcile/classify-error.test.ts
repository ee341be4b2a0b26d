import { expect, it } from 'vitest';
import { classifyError } from '../../../src/csi/reconcile/classify-error.js';
import { WrongAnswerError } from '../../../src/csi/reconcile/wrong-answer-error.js';
import { Code, RpcError } from '../../../src/index.js';

it('tells what may be going on from what was not done', () => {
  const classes = Object.entries(Code).map(([name, code]) => [name, classifyError(new RpcError(code, ''))]);
  expect(Object.fromEntries(classes)).toMatchObject({
    ...{ CANCELLED: 'pending', DEADLINE_EXCEEDED: 'pending', UNAVAILABLE: 'pending', ABORTED: 'pending' },
    ...{ INTERNAL: 'undecided', UNKNOWN: 'undecided', DATA_LOSS: 'undecided', RESOURCE_EXHAUSTED: 'undecided' },
    ...{ INVALID_ARGUMENT: 'final', NOT_FOUND: 'final', ALREADY_EXISTS: 'final', PERMISSION_DENIED: 'final' },
    ...{ FAILED_PRECONDITION: 'final', OUT_OF_RANGE: 'final', UNIMPLEMENTED: 'final', UNAUTHENTICATED: 'final' },
  });
});

it('knows nothing of what happened around a call', () => {
  expect(classifyError(new Error('no such folder'))).toBe('pending');
  expect(classifyError(new WrongAnswerError('no id'))).toBe('pending');
});
