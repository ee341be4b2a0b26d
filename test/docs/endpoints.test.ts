import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createChannel, createServer, type Endpoint, parseEndpoint, printEndpoint, sameUser } from '../../src/index.js';
import { dialSocket, listenSocket } from '../../src/socket/index.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/endpoints.md'), 'utf8');

/** The rows of the first table below a heading, without its head; cells without the backticks around them. */
function table(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replace(/^`(.*)`$/, '$1')),
  );
}

/** What the second column says in words. */
function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'path') return `the path \`${endpoint.path}\``;
  if (endpoint.kind === 'abstract') {
    return `the abstract name \`${Buffer.from(endpoint.name).toString('latin1').replaceAll('\0', '\\0')}\``;
  }
  return 'fd' in endpoint ? `the descriptor \`${endpoint.fd}\`` : `the descriptor named \`${endpoint.name}\``;
}

function print(text: string, dialect?: 'go' | 'kms'): string {
  try {
    return printEndpoint(parseEndpoint(text, dialect && { dialect }));
  } catch {
    return 'refused';
  }
}

describe('the page about endpoints', () => {
  it.each(table('What is accepted'))('is right that %s is %s', (text, meaning, printed) => {
    const endpoint = parseEndpoint(text.replaceAll('\\0', '\0'));
    expect([describeEndpoint(endpoint), printEndpoint(endpoint)]).toEqual([meaning, printed]);
  });

  it.each(table('What is refused'))('is right that %s is refused: %s', (text, problem) => {
    expect(() => parseEndpoint(text)).toThrow(`"${text}" is not an endpoint: ${problem}`);
  });

  it.each(table('Two spellings that others made ambiguous'))(
    'is right about %s in each dialect',
    (text, ...printed) => {
      expect([print(text), print(text, 'go'), print(text, 'kms')]).toEqual(printed);
    },
  );

  it('has whole tables', () => {
    const headings = ['What is accepted', 'What is refused', 'Two spellings that others made ambiguous'];
    expect(headings.map((heading) => table(heading).length)).toEqual([20, 24, 3]);
  });

  it('is right about the longest name, and about bytes that text cannot hold', () => {
    const [, problem = 'no such sentence'] = /for one that is too long, `(.*)`/.exec(page) ?? [];
    expect(() => parseEndpoint(`@${'x'.repeat(108)}`)).toThrow(problem);
    expect(() => parseEndpoint(`@${'x'.repeat(107)}`)).not.toThrow();
    const name = Uint8Array.of(0xff, 0x00);
    expect(page).toContain(`Uint8Array.of(0xff, 0x00) }); // ${printEndpoint({ kind: 'abstract', name })}`);
  });

  it('shows what is said of descriptors', async () => {
    const server = createServer();
    const listening = await server.listen('fd:api').catch((error: Error) => error.message);
    await server.shutdown();
    const channel = createChannel('fd:3');
    const dialing = await channel.ready({ timeoutMs: 5_000 }).catch((error: { cause: Error }) => error.cause.message);
    await channel.close();
    expect(page).toContain(`\`${listening}\``);
    expect(`fd:3: ${table('Sockets that were opened for us').at(-1)?.[1]}`).toBe(dialing);
  });

  it('is right that HTTP goes over its sockets', async () => {
    const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
    const server = http.createServer((request, response) => response.end(`${request.url}\n`));
    const listener = await listenSocket(
      endpoint,
      { allowPeer: sameUser() },
      {
        onConnection: (socket) => {
          server.emit('connection', socket);
          socket.resume();
        },
        onRefused: (socket) => socket.destroy(),
      },
    );
    const { socket } = await dialSocket(endpoint);
    try {
      const request = http.get({
        path: '/page',
        createConnection: () => socket.resume(),
        headers: { connection: 'close' },
      });
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        request.once('response', resolve).once('error', reject);
      });
      expect(await text(response)).toBe('/page\n');
    } finally {
      socket.destroy();
      await listener.close();
    }
  });
});
