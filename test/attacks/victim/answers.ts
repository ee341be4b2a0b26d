import type { Socket } from 'node:net';
import { errorCodeName } from '../../../src/http2/error-code.js';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import * as wire from '../../http2/wire.js';

/** Listens to what a server says on sockets, without reading from those that nobody else reads. */
export class Answers {
  /** How often each was said: `GOAWAY ENHANCE_YOUR_CALM`, `RST_STREAM CANCEL`, `grpc-status 8`. */
  readonly counts: Record<string, number> = {};
  /** Sockets that were connected, and those that are. */
  readonly connections = { made: 0, open: 0 };

  watch(socket: Socket): void {
    const log = new wire.FrameLog(false);
    const decoder = new HpackDecoder();
    socket.once('connect', () => {
      this.connections.made++;
      this.connections.open++;
      socket.once('close', () => this.connections.open--);
    });
    const listen = (event: string | symbol): void => {
      if (event !== 'data') return;
      socket.off('newListener', listen);
      socket.on('data', (chunk) => {
        for (const frame of log.add(chunk)) this.#hear(frame, decoder);
        log.frames.length = 0;
      });
    };
    socket.on('newListener', listen);
  }

  #hear({ type, payload }: wire.Frame, decoder: HpackDecoder): void {
    if (type === wire.GOAWAY) this.#count(`GOAWAY ${errorCodeName(payload.readUInt32BE(4))}`);
    else if (type === wire.RST_STREAM) this.#count(`RST_STREAM ${errorCodeName(payload.readUInt32BE(0))}`);
    else if (type === wire.HEADERS) {
      const fields = decoder.decode(payload);
      const at = fields.indexOf('grpc-status');
      if (at >= 0) this.#count(`grpc-status ${fields[at + 1]}`);
    }
  }

  #count(answer: string): void {
    this.counts[answer] = (this.counts[answer] ?? 0) + 1;
  }
}
