import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { body } from '../../node/body.js';
import { runServer } from '../../node/run-server.js';
import { REQUEST_HEADER } from './request.js';

/** Reads requests (see request.ts) and answers each, as little as a server can do. */
function serve(socket: Socket): void {
  const header = Buffer.alloc(REQUEST_HEADER);
  let inHeader = 0;
  let left = 0;
  let answerBytes = 0;
  let answers = 0;
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const taken = chunk.copy(header, inHeader, at, at + REQUEST_HEADER - inHeader);
        at += taken;
        inHeader += taken;
        if (inHeader < REQUEST_HEADER) return;
        inHeader = 0;
        left = header.readUInt32LE(0) - REQUEST_HEADER;
        answerBytes = header.readUInt32LE(4);
        answers = header.readUInt32LE(8);
      }
      const taken = Math.min(left, chunk.length - at);
      at += taken;
      left -= taken;
      if (left > 0) return;
      for (let sent = 0; sent < answers; sent++) socket.write(body(answerBytes));
    }
  });
  socket.on('error', () => socket.destroy());
}

const server = createServer(serve);
await runServer((endpoint) =>
  once(server.listen({ path: endpoint.replace('unix://', ''), backlog: 4_096 }), 'listening'),
);
