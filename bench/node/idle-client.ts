import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ProgramOptions } from './program-options.js';

/**
 * `--endpoint=unix:///... --connections=N --protocol=grpc|bytes`: opens N connections, makes one EmptyCall on each, prints
 * `idle` and keeps them until it is ended. Its own few frames of HTTP/2 instead of a library: it is the same for every server
 * and small itself.
 */
const options = new ProgramOptions();
const path = options.text('endpoint').replace('unix://', '');
const count = options.number('connections');
const grpc = options.text('protocol') === 'grpc';
/** Connections that are opened at a time. */
const OPENING = 50;

/** RFC 9113, section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A literal without indexing (RFC 7541, section 6.2.2), so that nothing has to be remembered. */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
}

const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const settingsAck = frame(SETTINGS, ACK, 0, Buffer.alloc(0));
const request = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(SETTINGS, 0, 0, Buffer.alloc(0)),
  frame(
    HEADERS,
    END_HEADERS,
    1,
    Buffer.concat([
      field(':method', 'POST'),
      field(':scheme', 'http'),
      field(':path', '/grpc.testing.TestService/EmptyCall'),
      field(':authority', 'localhost'),
      field('te', 'trailers'),
      field('content-type', 'application/grpc'),
      field('grpc-timeout', '10S'),
    ]),
  ),
  frame(DATA, END_STREAM, 1, Buffer.alloc(5)),
]);
/** What peers/net/request.ts would make: twelve octets that ask for one answer of one octet. */
const bytes = Buffer.from(Uint32Array.of(12, 1, 1).buffer);

async function call(socket: Socket): Promise<void> {
  await once(socket, 'connect');
  socket.write(grpc ? request : bytes);
  await new Promise<void>((resolve, reject) => {
    let unread: Buffer = Buffer.alloc(0);
    const fail = (): void => reject(new Error('the server closed a connection before the call was answered'));
    socket.once('close', fail);
    socket.on('data', (chunk) => {
      if (!grpc) return resolve();
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 9) {
        const end = 9 + unread.readUIntBE(0, 3);
        if (unread.length < end) return;
        const [type, flags] = [unread[3], unread[4]];
        unread = unread.subarray(end);
        if (type === SETTINGS && (flags & ACK) === 0) socket.write(settingsAck);
        if (type === HEADERS && (flags & END_STREAM) !== 0) resolve();
      }
    });
  });
}

const sockets: Socket[] = [];
while (sockets.length < count) {
  const group = Array.from({ length: Math.min(OPENING, count - sockets.length) }, () => connect(path));
  await Promise.all(group.map(call));
  sockets.push(...group);
}
// A connection that is lost from now on would make the figure smaller than it is.
for (const socket of sockets) {
  socket.removeAllListeners('close');
  socket.once('close', () => {
    throw new Error('the server closed an idle connection');
  });
}
console.log('idle');
