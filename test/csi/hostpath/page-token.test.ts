import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { pageToken, readPageToken } from '../../../src/csi/hostpath/page-token.js';
import { Code } from '../../../src/index.js';

describe('page tokens', () => {
  it('lead back to the entry that they were made for', () => {
    const id = newId('vol');
    expect(readPageToken('vol', pageToken(id))).toBe(id);
    expect(readPageToken('vol', '')).toBeUndefined();
  });

  it('of another list, changed, or made up are refused with ABORTED', () => {
    const token = pageToken(newId('vol'));
    for (const wrong of ['invalid-token', '2', ' ', `${token}A`, token.slice(1), `${token}=`, pageToken('vol-1')]) {
      expect(() => readPageToken('vol', wrong), wrong).toThrow(expect.objectContaining({ code: Code.ABORTED }));
    }
    expect(() => readPageToken('snap', token)).toThrow(expect.objectContaining({ code: Code.ABORTED }));
  });
});
