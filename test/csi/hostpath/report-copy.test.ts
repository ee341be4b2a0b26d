import { describe, expect, it, vi } from 'vitest';
import { reportCopy } from '../../../src/csi/hostpath/report-copy.js';

describe('reportCopy', () => {
  it('says nothing of a quick copy, and how far a long one is', () => {
    const info = vi.fn();
    let now = 0;
    const report = reportCopy({ info, warn: vi.fn() }, { from: 'vol-1', to: 'vol-2' }, () => now);
    now = 4_999;
    report(10n);
    expect(info).not.toHaveBeenCalled();
    now = 5_000;
    report(20n);
    now = 5_001;
    report(40n);
    expect(info.mock.calls).toEqual([[{ from: 'vol-1', to: 'vol-2', copiedBytes: '30' }, 'copying']]);
  });
});
