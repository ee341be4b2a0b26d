import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.js';
import { STATIC_TABLE } from '../../../src/http2/hpack/static-table.js';

/**
 * The HPACK of nghttp2, which is inside node:http2, against ours in both directions, over a Unix socket. The other end of each
 * connection speaks just enough HTTP/2 to carry header blocks.
 */
const HEADERS = 0x1;
const SETTINGS = 0x4;
const CONTINUATION = 0x9;
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const HEADER_TABLE_SIZE = 0x1;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The table sizes that one end advertises in turn, some in one go. */
const TABLE_SIZES = [[4_096], [200], [0], [1_000], [70, 4_096], [4_096, 0, 300], [65_536]];
const RANDOM_BLOCKS = 20;

let folder: string;
let address: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podwire-hpack-'));
  address = path.join(folder, 'socket');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('nghttp2 to HpackDecoder', () => {
  it('decodes what a client sends while the table size changes', async () => {
    const listener = net.createServer().listen(address);
    await once(listener, 'listening');
    const accepted = once(listener, 'connection');
    const client = http2.connect('http://localhost', { createConnection: () => net.connect(address) });
    const [socket] = (await accepted) as [net.Socket];
    try {
      const frames = readFrames(socket, PREFACE.length);
      const decoder = new HpackDecoder();
      let sizeUpdates = 0;
      socket.write(frame(SETTINGS, 0, 0));

      for (const sizes of TABLE_SIZES) {
        for (const size of sizes) socket.write(tableSizeSetting(size));
        for (const size of sizes) {
          await nextAcknowledgement(frames);
          decoder.setMaxTableSize(size);
        }
        for (const extra of samples()) {
          const request = client.request(headersOf(extra), { endStream: true });
          request.on('error', () => {});
          const block = await nextHeaderBlock(frames);
          if ((block[0] & 0xe0) === 0x20) sizeUpdates++;
          const fields = decoder.decode(block);
          expect(decoder.headerListTooLarge).toBe(false);
          expect(pairs(fields).slice(0, 4).sort()).toEqual([
            ':authority=localhost',
            ':method=GET',
            ':path=/',
            ':scheme=http',
          ]);
          expect(pairs(fields).slice(4)).toEqual(pairs(extra));
        }
      }
      expect(sizeUpdates).toBeGreaterThanOrEqual(5);
    } finally {
      client.on('error', () => {});
      client.destroy();
      socket.destroy();
      listener.close();
    }
  });
});

describe('HpackEncoder to nghttp2', () => {
  it('sends what a server decodes while the table size changes', async () => {
    const server = http2.createServer({ settings: { headerTableSize: 4_096 } });
    const sessions = once(server, 'session');
    const received: string[][] = [];
    const complete = new Promise<void>((resolve, reject) => {
      server.on('stream', (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: string[]) => {
        stream.on('error', () => {});
        if (received.push(raw) === TABLE_SIZES.length * samples().length) resolve();
      });
      server.on('sessionError', reject);
    });
    // An earlier step may fail first.
    complete.catch(() => {});
    server.listen(address);
    await once(server, 'listening');
    const socket = net.connect(address);
    let session: http2.ServerHttp2Session | undefined;
    try {
      const frames = readFrames(socket, 0);
      const encoder = new HpackEncoder();
      socket.write(PREFACE);
      socket.write(frame(SETTINGS, 0, 0));
      [session] = (await sessions) as [http2.ServerHttp2Session];
      encoder.setPeerMaxTableSize(await nextTableSize(frames));
      socket.write(frame(SETTINGS, ACK, 0));

      const sent: string[][] = [];
      for (const sizes of TABLE_SIZES) {
        for (const size of sizes) session.settings({ headerTableSize: size });
        for (const size of sizes) {
          expect(await nextTableSize(frames)).toBe(size);
          encoder.setPeerMaxTableSize(size);
          socket.write(frame(SETTINGS, ACK, 0));
        }
        for (const extra of samples()) {
          const fields = [
            ...[
              ':method',
              'POST',
              ':scheme',
              'http',
              ':path',
              '/podinfo.v1.PodInfo/Describe',
              ':authority',
              'localhost',
            ],
            ...['te', 'trailers', 'content-type', 'application/grpc', ...extra, 'grpc-timeout', `${sent.length}m`],
          ];
          sent.push(fields);
          socket.write(frame(HEADERS, END_HEADERS | END_STREAM, sent.length * 2 - 1, encoder.encode(fields)));
        }
      }
      await complete;
      expect(received).toEqual(sent);
    } finally {
      session?.destroy();
      socket.destroy();
      server.close();
    }
  });
});

/** Header lists that HTTP allows (nghttp2 drops others), with names and values that repeat and such that do not. */
function samples(): string[][] {
  const text = (from: number[], minLength: number, maxLength: number) =>
    fc.array(fc.constantFrom(...from), { minLength, maxLength }).map((codes) => String.fromCharCode(...codes));
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const visible = [...range(0x21, 0x7e), ...range(0x80, 0xff)];
  const name = fc.oneof(
    fc.constantFrom('user-agent', 'grpc-encoding', 'x-tenant', 'x-secret', 'authorization', 'accept-language'),
    text(range(0x61, 0x7a), 1, 12).map((letters) => `x-${letters}`),
  );
  const value = fc.oneof(
    fc.constantFrom('a', 'gzip', 'some value', 'v'.repeat(150), '~'.repeat(40)),
    text(visible, 1, 60),
    text(visible, 1, 20).map((word) => `${word}\t ${word}`),
  );
  const list = fc.uniqueArray(fc.tuple(name, value), { selector: ([name]) => name, maxLength: 8 });
  // Every octet between letters that make Huffman coding shorter, under a name that goes into the table with it.
  const letters: string[][] = [];
  for (let i = 0; i < visible.length; i += 16) {
    letters.push([
      'user-agent',
      visible
        .slice(i, i + 16)
        .map((code) => `${String.fromCharCode(code)}aaaaaaaa`)
        .join(''),
    ]);
  }
  // Every name of the static table that a request may carry with any value.
  const restricted = ['content-length', 'transfer-encoding', 'host'];
  const names = new Set(STATIC_TABLE.map(([name]) => name).filter((name) => !name.startsWith(':')));
  const known = [...names].filter((name) => !restricted.includes(name)).flatMap((name) => [name, 'x']);
  return [known, ...letters, ...fc.sample(list, { numRuns: RANDOM_BLOCKS, seed: 7541 }).map((pairs) => pairs.flat())];
}

function headersOf(fields: string[]): http2.OutgoingHttpHeaders {
  const headers: http2.OutgoingHttpHeaders = { ':authority': 'localhost' };
  for (let i = 0; i < fields.length; i += 2) headers[fields[i]] = fields[i + 1];
  return { ...headers, [http2.sensitiveHeaders as unknown as string]: ['x-secret'] };
}

function pairs(fields: string[]): string[] {
  return Array.from({ length: fields.length / 2 }, (_, i) => `${fields[2 * i]}=${fields[2 * i + 1]}`);
}

interface Frame {
  type: number;
  flags: number;
  payload: Buffer;
}

type Frames = AsyncGenerator<Frame, undefined>;

async function* readFrames(socket: net.Socket, skip: number): Frames {
  let buffered = Buffer.alloc(0);
  for await (const chunk of socket) {
    buffered = Buffer.concat([buffered, chunk as Buffer]);
    while (buffered.length >= skip + 9) {
      buffered = buffered.subarray(skip);
      skip = 0;
      const end = 9 + buffered.readUIntBE(0, 3);
      if (buffered.length < end) break;
      yield { type: buffered[3], flags: buffered[4], payload: buffered.subarray(9, end) };
      buffered = buffered.subarray(end);
    }
  }
}

async function nextFrame(frames: Frames, wanted: (frame: Frame) => boolean): Promise<Frame> {
  for (;;) {
    const { value } = await frames.next();
    if (value === undefined) throw new Error('the connection ended before the frame that was awaited');
    if (wanted(value)) return value;
  }
}

async function nextHeaderBlock(frames: Frames): Promise<Buffer> {
  let { flags, payload } = await nextFrame(frames, ({ type }) => type === HEADERS);
  if ((flags & ~(END_HEADERS | END_STREAM)) !== 0) throw new Error(`HEADERS came with padding or priority: ${flags}`);
  while ((flags & END_HEADERS) === 0) {
    const next = await nextFrame(frames, ({ type }) => type === CONTINUATION);
    flags = next.flags;
    payload = Buffer.concat([payload, next.payload]);
  }
  return payload;
}

function nextAcknowledgement(frames: Frames): Promise<Frame> {
  return nextFrame(frames, ({ type, flags, payload }) => type === SETTINGS && flags === ACK && payload.length === 0);
}

async function nextTableSize(frames: Frames): Promise<number> {
  const { payload } = await nextFrame(frames, ({ type, flags }) => type === SETTINGS && flags === 0);
  for (let i = 0; i < payload.length; i += 6) {
    if (payload.readUInt16BE(i) === HEADER_TABLE_SIZE) return payload.readUInt32BE(i + 2);
  }
  return 4_096;
}

function tableSizeSetting(size: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  payload.writeUInt32BE(size, 2);
  return frame(SETTINGS, 0, 0, payload);
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}
