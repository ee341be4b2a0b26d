import { type Column, columns } from './columns.js';
import type { PairResults, ResultTable } from './results.js';

/** What of a run goes into the page. */
export interface InteropRun {
  pairs: readonly PairResults[];
  authorities: ResultTable;
  sockets: ResultTable;
  /** What the library that CSI's sidecars share does with a plugin. */
  sidecars: ResultTable;
  /** Name and version of each peer. */
  versions: Readonly<Record<string, string>>;
}

interface Subject {
  title: string;
  /** Has a part in the call; the other one is podwire, or a client of any kind where only servers are looked at. */
  plays(role: 'client' | 'server', pair: PairResults): boolean;
}

const columnNames = Object.keys(columns) as Column[];
const caseNames = Object.values(columns).flat() as readonly string[];
/** Also the order of the rows. */
const peers = [
  'grpc-js',
  'grpc-js-podwire',
  'nice-grpc',
  'connect',
  'go-old',
  'go-new',
  'python',
  'cpp',
  'tonic',
  'podwire-node-22',
  'podwire-node-24',
  'podwire-node-26',
  'podwire-node-20',
  'podwire',
];
/** Peers that have podwire in them: calls between two that have none say nothing about it. */
const withPodwire = /^(podwire.*|grpc-js-podwire|nice-grpc|connect)$/;

/** The generated part of docs/interop.md; the same results give the same text. */
export function interopTable({ pairs, authorities, sockets, sidecars, versions }: InteropRun): string {
  const notes = new Notes();
  const shown = pairs
    .filter(({ client, server }) => withPodwire.test(client) || withPodwire.test(server))
    .sort(inOrder);
  const name = (peer: string, role: 'client' | 'server') => peerName(peer, role, versions);
  const call = ({ client, server, kind }: PairResults) => {
    const through = kind.includes(' to ') ? ' through socat' : '';
    return `${name(client, 'client')} calls ${name(server, 'server')}${through}`;
  };

  const summary = subjects(versions).map((subject) => summaryRow(subject, shown, notes));
  const sections = [
    '## In short',
    table(['peer', 'path', 'abstract', 'both directions', ...columnNames], [...summary, socketsRow(sockets, notes)]),
    '## Call by call',
    table(
      ['who calls whom', 'endpoint', ...columnNames],
      shown.map((pair) => [call(pair), pair.kind, ...columnNames.map((column) => notes.cell([pair], column))]),
    ),
    '## Case by case',
    caseNames.map((one, index) => `${index + 1}. \`${one}\``).join('\n'),
    table(
      ['who calls whom', 'endpoint', ...caseNames.map((_, index) => `${index + 1}`)],
      shown
        .filter(({ impossible }) => impossible === undefined)
        .map((pair) => [call(pair), pair.kind, ...caseNames.map((one) => caseCell(pair, one))]),
    ),
    '## What `:authority` a server takes',
    table(['server', ...authorities.columns], tableRows(authorities)),
    '## Plain sockets',
    table(
      ['', ...sockets.columns],
      tableRows(sockets, () => `- ${notes.mark('a tool that prints names as text')}`),
    ),
    '## CSI sidecars',
    `${versions['csi-sidecar']} is what livenessprobe, node-driver-registrar, external-provisioner and the others connect to a plugin with.`,
    table(
      ['with a podwire plugin it', ...sidecars.columns],
      tableRows(
        sidecars,
        () => `- ${notes.mark('csi-lib-utils notices for addresses that begin with `unix://` only')}`,
      ),
    ),
    notes.list(),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Reasons, numbered in the order in which they are met. */
class Notes {
  readonly #texts: string[] = [];

  mark(text: string): string {
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return `[^${this.#texts.indexOf(text) + 1}]`;
  }

  /** What came of the cases of a column, with what is to be said about it. */
  cell(pairs: readonly PairResults[], column: Column): string {
    const run = pairs.filter(({ impossible }) => impossible === undefined);
    if (run.length === 0) return this.#reasons(pairs);
    const outcomes = run.flatMap((pair) => columns[column].map((one) => caseCell(pair, one)));
    const said = unique(run.flatMap(({ notes }) => notes?.[column] ?? [])).map((text) => this.mark(text));
    return [worst(outcomes), ...said].join(' ');
  }

  /** Whether calls come through at all. */
  reached(pairs: readonly PairResults[]): string {
    const run = pairs.filter(({ impossible }) => impossible === undefined);
    if (run.length === 0) return this.#reasons(pairs);
    return worst(run.flatMap((pair) => caseNames.map((one) => caseCell(pair, one))).filter((one) => one !== 'no'));
  }

  list(): string {
    return this.#texts.map((text, index) => `[^${index + 1}]: ${text}.`).join('\n');
  }

  #reasons(pairs: readonly PairResults[]): string {
    const reasons = unique(pairs.flatMap(({ impossible }) => impossible ?? []));
    return reasons.length === 0 ? 'not run' : ['-', ...reasons.map((text) => this.mark(text))].join(' ');
  }
}

function subjects(versions: InteropRun['versions']): Subject[] {
  const peer = (title: string, pattern: RegExp): Subject => ({
    title,
    plays: (role, pair) => {
      const other = role === 'client' ? pair.server : pair.client;
      return pattern.test(pair[role]) && /^podwire(-node-20)?$/.test(other) && !pair.kind.includes(' to ');
    },
  });
  return [
    peer(`${versions['grpc-js']}`, /^grpc-js$/),
    {
      title: `${versions['grpc-js']} server through \`bindServer\``,
      plays: (role, { server }) => role === 'server' && server === 'grpc-js-podwire',
    },
    {
      title: `${versions['grpc-js']} client through \`channelFactory\``,
      plays: (role, { client }) => role === 'client' && client === 'grpc-js-podwire',
    },
    peer(`${versions['nice-grpc']} through both`, /^nice-grpc$/),
    peer(`${versions.connect} over podwire's sockets`, /^connect$/),
    peer(`${versions['go-old']}`, /^go-old$/),
    peer(`${versions['go-new']}`, /^go-new$/),
    peer(`${versions.python}`, /^python$/),
    peer(`${versions.cpp}`, /^cpp$/),
    peer(`${versions.tonic}`, /^tonic$/),
    ...['22', '24', '26'].map((version) =>
      peer(`podwire on Node ${version}, with Node 20`, new RegExp(`^podwire-node-${version}$`)),
    ),
    peer('podwire itself', /^podwire$/),
    {
      title: `${versions.socat} between podwire and others`,
      plays: (role, { client, server, kind }) =>
        kind.includes(' to ') && (role === 'client' ? server : client) === 'podwire',
    },
  ];
}

function summaryRow({ title, plays }: Subject, pairs: readonly PairResults[], notes: Notes): string[] {
  const asClient = pairs.filter((pair) => plays('client', pair));
  const asServer = pairs.filter((pair) => plays('server', pair));
  const all = unique([...asClient, ...asServer]);
  // A relay's pairs begin at the one and end at the other.
  const on = (kind: string) => all.filter((one) => one.kind.split(' to ').includes(kind));
  const directions = [...(asClient.length > 0 ? ['client'] : []), ...(asServer.length > 0 ? ['server'] : [])];
  const both = directions.length === 2 ? worst([notes.reached(asClient), notes.reached(asServer)]) : `${directions}`;
  return [
    title,
    notes.reached(on('path')),
    notes.reached(on('abstract')),
    both === '' ? 'not run' : both,
    ...columnNames.map((column) => notes.cell(all, column)),
  ];
}

function socketsRow({ rows }: ResultTable, notes: Notes): string[] {
  const handshakes = Object.entries(rows).filter(([title]) => title.includes(' dials '));
  const on = (column: string) => worst(handshakes.map(([, cells]) => cells[column] ?? '**failed**'));
  const both = handshakes.length === 4 ? worst([on('path'), on('abstract name')]) : 'not run';
  const none = `- ${notes.mark('sockets without a gRPC library: the names are compared, and HTTP/2 begins')}`;
  return ['plain sockets of Go and Python', on('path'), on('abstract name'), both, ...columnNames.map(() => none)];
}

function caseCell({ results, known }: PairResults, name: string): string {
  const result = results.find((one) => one.case === name);
  if (result === undefined) return 'not run';
  if (result.ok) return 'ok';
  return known?.includes(name) ? 'no' : '**failed**';
}

function worst(outcomes: readonly string[]): string {
  return ['**failed**', 'not run', 'no'].find((one) => outcomes.includes(one)) ?? 'ok';
}

function peerName(peer: string, role: 'client' | 'server', versions: InteropRun['versions']): string {
  if (peer === 'grpc-js-podwire') return `grpc-js through ${role === 'server' ? '`bindServer`' : '`channelFactory`'}`;
  const node = /^podwire-node-(\d+)$/.exec(peer);
  if (node) return `podwire on Node ${node[1]}`;
  if (peer === 'go-old' || peer === 'go-new') return `${versions[peer]}`;
  return (versions[peer] ?? peer).replace(/ [\d.]+$/, '');
}

function inOrder(one: PairResults, other: PairResults): number {
  return rank(one) - rank(other) || compare(one.kind, other.kind);
}

/** By the peer that is not podwire; podwire's own calls to it come second, and what goes through a relay last. */
function rank({ client, server, kind }: PairResults): number {
  const [first, second] = [peers.indexOf(client), peers.indexOf(server)];
  const [subject, other, direction] = first <= second ? [first, second, 0] : [second, first, 1];
  const relayed = kind.includes(' to ') ? 1 : 0;
  return ((relayed * 100 + subject) * 2 + direction) * 100 + other;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  // The path first.
  return one > other ? -1 : 1;
}

function tableRows({ columns: names, rows }: ResultTable, missing: () => string = () => 'not run'): string[][] {
  return Object.entries(rows).map(([title, cells]) => [title, ...names.map((one) => cells[one] ?? missing())]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
