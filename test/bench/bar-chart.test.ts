import { describe, expect, it } from 'vitest';
import { barChart } from '../../bench/harness/bar-chart.js';

describe('barChart', () => {
  const svg = barChart({
    title: 'Calls <per> second',
    caption: 'more is better',
    groups: [
      {
        label: 'one in flight',
        bars: [
          { label: 'podwire', parts: [30, 10], ours: true },
          { label: 'R&D', parts: [20], ours: false },
        ],
      },
    ],
  });
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));

  it('draws each part in proportion', () => {
    expect(widths).toHaveLength(3);
    expect(widths[0] / widths[1]).toBeCloseTo(3, 2);
    expect(widths[2]).toBeCloseTo(widths[0] + widths[1] - widths[2], 0);
  });

  it('says the sum', () => {
    expect(svg).toContain('>40</text>');
  });

  it('has room for long names', () => {
    const label = 'podwire, --max-semi-space-size=1';
    const bars = [{ label, parts: [1], ours: true }];
    const long = barChart({ title: 'x', caption: 'x', groups: [{ label: 'x', bars }] });
    expect(Number(/<rect x="([\d.]+)"/.exec(long)?.[1])).toBeGreaterThan(label.length * 7);
  });

  it('escapes what has a meaning in XML', () => {
    expect(svg).toContain('Calls &#60;per&#62; second');
    expect(svg).toContain('R&#38;D');
  });
});
