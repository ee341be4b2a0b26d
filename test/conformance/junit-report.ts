/** One case of a JUnit report. */
export interface JunitCase {
  /** The suite that it is of, by name and package. */
  readonly suite: string;
  readonly package: string;
  readonly className: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What is said about a case that did not pass. */
  readonly message: string;
}

const suitePattern = /<testsuite( [^>]*)>([\s\S]*?)<\/testsuite>/g;
const casePattern = /<testcase( [^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const verdictPattern = /<(failure|error|skipped)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\1>)/;

/** The cases of a report as h2spec and Ginkgo write it, in its order. */
export function parseJunitReport(xml: string): JunitCase[] {
  return [...xml.matchAll(suitePattern)].flatMap(([, suite, cases]) =>
    [...cases!.matchAll(casePattern)].map(([, one, content = '']) => {
      const [, verdict, attributes = '', text = ''] = verdictPattern.exec(content) ?? [];
      return {
        suite: attribute(suite!, 'name'),
        package: attribute(suite!, 'package'),
        className: attribute(one!, 'classname'),
        name: attribute(one!, 'name'),
        outcome: verdict === undefined ? 'passed' : verdict === 'skipped' ? 'skipped' : 'failed',
        message: [attribute(attributes, 'message'), plain(text.replace(/<[^>]*>/g, ' ').trim())]
          .filter((part) => part !== '')
          .join('\n'),
      };
    }),
  );
}

function attribute(attributes: string, name: string): string {
  return plain(new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hexadecimal, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16));
  });
}
