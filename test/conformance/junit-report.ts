/** One case of a JUnit report. */
export interface JunitCase {
  /** The section, `http2/6.9.1`, and its title. */
  readonly section: string;
  readonly title: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly message: string;
}

const suitePattern = /<testsuite name="([^"]*)" package="([^"]*)"[^>]*>([\s\S]*?)<\/testsuite>/g;
const casePattern = /<testcase [^>]*classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** The cases of a report as h2spec writes it, in its order. */
export function parseJunitReport(xml: string): JunitCase[] {
  return [...xml.matchAll(suitePattern)].flatMap(([, title, section, cases]) =>
    [...cases!.matchAll(casePattern)].map(([, name, content = '']) => ({
      section: plain(section!),
      title: plain(title!),
      name: plain(name!),
      outcome: /<(failure|error)/.test(content) ? 'failed' : content.includes('<skipped') ? 'skipped' : 'passed',
      message: plain(content.replace(/<[^>]*>/g, ' ').trim()),
    })),
  );
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hexadecimal, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16));
  });
}
