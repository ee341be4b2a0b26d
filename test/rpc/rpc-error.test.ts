import { describe, expect, it } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { RpcError } from '../../src/rpc/rpc-error.js';

describe('message', () => {
  const method = 'podinfo.v1.PodInfo/Describe';
  const endpoint = 'unix-abstract:podinfo';
  it.each([
    ['no such pod', { method, endpoint }, `NOT_FOUND: no such pod (${method} at ${endpoint})`],
    ['no such pod', { method }, `NOT_FOUND: no such pod (${method})`],
    ['no such pod', { endpoint }, `NOT_FOUND: no such pod (at ${endpoint})`],
    ['no such pod', {}, 'NOT_FOUND: no such pod'],
    ['', {}, 'NOT_FOUND'],
    ['', { method }, `NOT_FOUND (${method})`],
  ])('of %j with %j is %j', (text, options, message) => {
    const error = new RpcError(Code.NOT_FOUND, text, options);
    expect(error.message).toBe(message);
    expect(error.statusMessage).toBe(text);
  });

  it('stands under the name RpcError in the stack', () => {
    const error = new RpcError(Code.ABORTED, 'try again');
    expect(error.name).toBe('RpcError');
    expect(error.stack).toMatch(/^RpcError: ABORTED: try again\n/);
  });
});

describe('parts', () => {
  it('are empty unless given', () => {
    const error = new RpcError(Code.INTERNAL, '');
    expect(error.metadata.size).toBe(0);
    expect(error.details).toEqual([]);
    expect(Object.keys(error)).not.toContain('method');
    expect('cause' in error).toBe(false);
  });

  it('keep what was given', () => {
    const cause = new Error('deeper');
    const metadata = new Metadata({ 'retry-after': '1' });
    const details = [{ typeUrl: 'type.googleapis.com/a.B', value: new Uint8Array([1]) }];
    const error = new RpcError(Code.UNAVAILABLE, 'later', { cause, metadata, details });
    expect(error.cause).toBe(cause);
    expect(error.metadata).toBe(metadata);
    expect(error.details).toBe(details);
  });

  it('make metadata of a record, one of its own for each error', () => {
    const error = new RpcError(Code.UNAVAILABLE, '', { metadata: { 'Retry-After': '1' } });
    expect(error.metadata.get('retry-after')).toBe('1');
    new RpcError(Code.UNAVAILABLE, '').metadata.set('a', 'b');
    expect(new RpcError(Code.UNAVAILABLE, '').metadata.size).toBe(0);
  });
});

describe('instanceof', () => {
  class SpecialError extends RpcError {}
  const plain = new RpcError(Code.OK, '');

  it('knows RpcErrors and nothing else', () => {
    expect(plain instanceof RpcError).toBe(true);
    expect(plain instanceof Error).toBe(true);
    for (const other of [new Error('x'), { code: 5 }, null, undefined, 'text', 5]) {
      expect(other instanceof RpcError).toBe(false);
    }
  });

  it('keeps its usual meaning for subclasses', () => {
    expect(new SpecialError(Code.OK, '') instanceof SpecialError).toBe(true);
    expect(new SpecialError(Code.OK, '') instanceof RpcError).toBe(true);
    expect(plain instanceof SpecialError).toBe(false);
  });

  it('holds across two copies of the package', async () => {
    const path = '../../src/rpc/rpc-error.js?copy';
    const copy: typeof import('../../src/rpc/rpc-error.js') = await import(path);
    expect(copy.RpcError).not.toBe(RpcError);
    const theirs = new copy.RpcError(Code.NOT_FOUND, 'gone');
    expect(theirs instanceof RpcError).toBe(true);
    expect(plain instanceof copy.RpcError).toBe(true);
    expect(RpcError.from(theirs)).toBe(theirs);
  });
});

describe('from', () => {
  const aborted = AbortSignal.abort().reason as unknown;
  const timedOut = new DOMException('late', 'TimeoutError');
  const nodeAbort = Object.assign(new Error('stopped'), { name: 'AbortError', code: 'ABORT_ERR' });
  const broken = new Error('password: hunter2');
  it.each([
    ['an aborted signal', aborted, Code.CANCELLED],
    ["Node's AbortError", nodeAbort, Code.CANCELLED],
    ['a TimeoutError', timedOut, Code.DEADLINE_EXCEEDED],
    ['any other error', broken, Code.UNKNOWN],
    ['no error at all', 'text', Code.UNKNOWN],
    ['undefined', undefined, Code.UNKNOWN],
    ['null', null, Code.UNKNOWN],
  ])('%s', (_, thrown, code) => {
    const error = RpcError.from(thrown);
    expect(error.code).toBe(code);
    expect(error.cause).toBe(thrown);
  });

  it('returns an RpcError as it is', () => {
    const error = new RpcError(Code.DATA_LOSS, '');
    expect(RpcError.from(error, Code.INTERNAL)).toBe(error);
  });

  it('takes the fallback for foreign errors only', () => {
    expect(RpcError.from(broken, Code.INTERNAL).code).toBe(Code.INTERNAL);
    expect(RpcError.from(nodeAbort, Code.INTERNAL).code).toBe(Code.CANCELLED);
  });

  it('keeps the text of a foreign error out of the status', () => {
    const error = RpcError.from(broken);
    expect(error.message + error.statusMessage).not.toContain('hunter2');
  });
});
