import type { Tools } from './build-tools.js';
import type { H2specCase } from './h2spec.js';
import { caseNames, type Outcome, type Pair } from './interop-matrix.js';
import { type InteropPeer, kinds } from './interop-peers.js';

export interface ConformanceResults {
  readonly tools: Tools;
  readonly peers: readonly InteropPeer[];
  readonly pairs: readonly Pair[];
  /** Of h2spec, by what it was run against. */
  readonly h2spec: ReadonlyMap<string, readonly H2specCase[]>;
}

/** What docs/conformance.md says of gRPC and HTTP/2: nothing in it differs from run to run unless an outcome does. */
export function conformancePage({ tools, peers, pairs, h2spec }: ConformanceResults): string {
  return `${[
    '## gRPC',
    '',
    'The cases of [grpc’s interoperability tests](https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md) on',
    '`grpc.testing.TestService`, client and server as processes of their own, over real sockets. Each cell has two outcomes: on a',
    'path (`unix:///run/x.sock`) and on an abstract name (`unix-abstract:x`). ✓ passed, ✗ failed, a letter is the reason why',
    'there is no such cell.',
    '',
    ...interopTable(pairs),
    '',
    '| peer | what it is |',
    '|---|---|',
    ...peers.map(({ name, about }) => `| ${name} | ${about} |`),
    '',
    'Each soak makes 50 calls with large messages: `rpc_soak` on one channel, `channel_soak` on a new channel each. In the',
    'compressed cases a bridge between the two processes looks at the compressed flag of each message; the first call of',
    '`client_compressed_unary`, which must fail because it is not compressed, is left out, for no server here tells its',
    'handlers how a message was sent.',
    '',
    '## HTTP/2',
    '',
    `[h2spec](https://github.com/summerwind/h2spec) ${tools.h2specVersion}: all cases, the strict ones included, none skipped.`,
    'It speaks TCP only, so a byte bridge stands between a port on loopback and the Unix socket. It is run against a server made',
    'of `src/transport/` alone, which answers every request with a few octets of text, and against a podwire `Server`, which',
    'answers what is not gRPC with 415 and a few words. Both with the smallest maximum frame size that HTTP/2 knows, 16 KiB.',
    '',
    ...sectionTable(h2spec),
    '',
    'With podwire’s default maximum frame size, 1 MiB, one case has another outcome, and it is no fault: in http2/4.2, “Sends a',
    'large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE”, the tool’s header block has 20 KB whatever was',
    'announced. It fits, so the request is answered. (Before a server that answers a request when it has come whole, one more:',
    'in “Sends a DATA frame with 2^14 octets in length” the tool sends a frame of the size that was announced, 1 MiB, into a',
    'stream whose window is 128 KiB, and the stream is reset with FLOW_CONTROL_ERROR, as RFC 9113 section 6.9.1 has it.)',
    '',
    '<details><summary>Every case</summary>',
    '',
    ...caseTable(h2spec),
    '',
    '</details>',
  ].join('\n')}\n`;
}

function interopTable(pairs: readonly Pair[]): string[] {
  const letters = new Map<string, string>();
  const mark = (outcome: Outcome | undefined): string => {
    if (outcome === undefined) return '✗';
    if (!('absent' in outcome)) return outcome.ok ? '✓' : '✗';
    const letter = letters.get(outcome.absent) ?? String.fromCharCode('a'.charCodeAt(0) + letters.size);
    letters.set(outcome.absent, letter);
    return letter;
  };
  const rows = caseNames.map((name) => {
    const cells = pairs.map(({ outcomes }) => kinds.map((kind) => mark(outcomes[kind].get(name))).join(' '));
    return row([name, ...cells]);
  });
  const heads = pairs.map(({ client, server }) => `${client.name} → ${server.name}`);
  return [
    row(['client → server', ...heads]),
    row(['---', ...heads.map(() => ':-:')]),
    ...rows,
    '',
    ...[...letters].map(([reason, letter]) => `- **${letter}**: ${reason}`),
  ];
}

function sectionTable(h2spec: ConformanceResults['h2spec']): string[] {
  const targets = [...h2spec.values()];
  const sections = new Map(targets[0]!.map(({ section, title }) => [section, title]));
  const count = (cases: readonly H2specCase[]) =>
    `${cases.filter(({ outcome }) => outcome === 'passed').length} of ${cases.length}`;
  return [
    row(['section', 'about', ...h2spec.keys()]),
    row(['---', '---', ...targets.map(() => '--:')]),
    ...[...sections].map(([section, title]) => {
      const about = title.replace(/^[\d.]+ /, '');
      return row([section, about, ...targets.map((cases) => count(cases.filter((one) => one.section === section)))]);
    }),
    row(['**all**', '', ...targets.map((cases) => `**${count(cases)}**`)]),
  ];
}

function caseTable(h2spec: ConformanceResults['h2spec']): string[] {
  const targets = [...h2spec.values()];
  const marks = { passed: '✓', failed: '✗', skipped: 'skipped' } as const;
  return [
    row(['section', 'case', ...h2spec.keys()]),
    row(['---', '---', ...targets.map(() => ':-:')]),
    ...targets[0]!.map(({ section, name }, index) =>
      row([section, name.replaceAll('|', '\\|'), ...targets.map((cases) => marks[cases[index]!.outcome])]),
    ),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
