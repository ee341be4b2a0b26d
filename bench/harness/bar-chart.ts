import { formatNumber } from './format-number.js';

export interface Bar {
  readonly label: string;
  /** One part, or parts that are stacked. */
  readonly parts: readonly number[];
  /** Drawn in the colour of podwire. */
  readonly ours: boolean;
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  /** What the numbers are, and what the parts are if there are two. */
  readonly caption: string;
  /** Each has a scale of its own. */
  readonly groups: readonly BarGroup[];
}

const WIDTH = 820;
const LEAST_FOR_NAMES = 200;
/** Of one letter, on average and generously. */
const LETTER = 7.5;
const NUMBERS = 110;
const BAR = 18;
const GAP = 4;

// No background, and greys that a system's dark scheme turns round: the page around it may be either.
const style = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .caption { fill: #59636e }
    .group { font-weight: 600 }
    .ours { fill: #1f6feb } .ours.second { fill: #79b8ff }
    .other { fill: #8c959f } .other.second { fill: #bcc4cc }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .caption { fill: #9198a1 }
      .ours { fill: #388bfd } .ours.second { fill: #1b4b91 }
      .other { fill: #7d8590 } .other.second { fill: #484f58 }
    }`;

/** Horizontal bars as SVG. */
export function barChart({ title, caption, groups }: BarChart): string {
  const longest = Math.max(0, ...groups.flatMap(({ bars }) => bars.map((bar) => bar.label.length)));
  const names = Math.max(LEAST_FOR_NAMES, Math.ceil(longest * LETTER) + 8);
  const lines: string[] = [];
  let y = 22;
  const text = (x: number, content: string, className: string, anchor = 'start'): void => {
    lines.push(`<text x="${x}" y="${y}" class="${className}" text-anchor="${anchor}">${escaped(content)}</text>`);
  };
  text(0, title, 'title');
  y += 20;
  text(0, caption, 'caption');
  for (const { label, bars } of groups) {
    const largest = Math.max(...bars.map(total)) || 1;
    y += 30;
    text(0, label, 'group');
    y += 8;
    for (const bar of bars) {
      let x = names;
      for (const [index, part] of bar.parts.entries()) {
        const width = (part / largest) * (WIDTH - names - NUMBERS);
        const className = `${bar.ours ? 'ours' : 'other'}${index > 0 ? ' second' : ''}`;
        lines.push(
          `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" class="${className}"/>`,
        );
        x += width;
      }
      y += 13;
      text(names - 8, bar.label, '', 'end');
      text(Math.round(x) + 6, formatNumber(total(bar)), '');
      y += BAR - 13 + GAP;
    }
  }
  const height = y + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
  <style>${style}
  </style>
  ${lines.join('\n  ')}
</svg>
`;
}

function total({ parts }: Bar): number {
  return parts.reduce((sum, part) => sum + part, 0);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
