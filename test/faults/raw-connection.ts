import type { Socket } from 'node:net';
import { dialSocket } from '../../src/socket/dial-socket.js';
import * as wire from '../http2/wire.js';

const { END_HEADERS, END_STREAM, HEADERS } = wire;

/** A client that says what it is told, frame by frame. */
export interface RawConnection {
  readonly socket: Socket;
  readonly log: wire.FrameLog;
  /** Resolves when the kernel has taken it. */
  send(...bytes: Uint8Array[]): Promise<void>;
  /** Waits for a frame of this type, one that came already included. Rejects when the server ends the connection before. */
  frame(type: number): Promise<wire.Frame>;
  /** Waits until the server has ended the connection. */
  ended(): Promise<void>;
  leave(): Promise<void>;
}

export async function openRawConnection(path: string): Promise<RawConnection> {
  // Not Node's own connect, which takes a full backlog for a refusal.
  const { socket } = await dialSocket({ kind: 'path', path });
  // A server that goes while we write: what matters is that it goes.
  socket.on('error', () => {});
  const log = new wire.FrameLog(false);
  let changed = (): void => {};
  let closed = false;
  socket.on('data', (chunk) => {
    log.add(chunk);
    changed();
  });
  socket.on('close', () => {
    closed = true;
    changed();
  });
  socket.resume();
  const change = () => new Promise<void>((resolve) => (changed = resolve));
  return {
    socket,
    log,
    send: (...bytes) => new Promise((resolve) => socket.write(Buffer.concat(bytes), () => resolve())),
    async frame(type) {
      for (;;) {
        const found = log.frames.find((frame) => frame.type === type);
        if (found !== undefined) return found;
        if (closed) throw new Error(`the server ended the connection without a frame of type ${type}`);
        await change();
      }
    },
    async ended() {
      while (!closed) await change();
    },
    async leave() {
      socket.destroy();
      while (!closed) await change();
    },
  };
}

/** The beginning of every connection. */
export const greeting = Buffer.concat([wire.PREFACE, wire.settings()]);

/** The header section of a call of PodInfo. */
export function request(id: number, method: 'Describe' | 'Watch' | 'PushLogs' | 'Exchange', endStream = false): Buffer {
  const fields = wire.block(
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/podinfo.v1.PodInfo/${method}`],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  );
  return wire.frame(HEADERS, END_HEADERS | (endStream ? END_STREAM : 0), id, fields);
}

/** A message of so many zero octets, in a DATA frame. */
export function message(id: number, length: number, endStream = false): Buffer {
  const framed = Buffer.alloc(5 + length);
  framed.writeUInt32BE(length, 1);
  return wire.frame(wire.DATA, endStream ? END_STREAM : 0, id, framed);
}
