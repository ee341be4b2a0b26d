/** Hostile servers on paths, in a process of their own. `start-program.ts` starts it. */
import { createServer } from 'node:net';
import { setPriority } from 'node:os';
import { errorCodeName } from '../../../src/http2/error-code.js';
import * as wire from '../../http2/wire.js';
import { Offender } from '../offender.js';
import { answerRequests } from './answer-requests.js';
import { hostileServers } from './hostile-servers.js';

const usual = Buffer.concat([wire.settings(), wire.frame(wire.SETTINGS, wire.ACK, 0)]);

/** What clients have said, as in `Answers`, and how many are connected. */
const counts: Record<string, number> = {};
let open = 0;

process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
});

const commands = {
  async listen(name: string, path: string) {
    setPriority(10);
    const { play, greeting = usual, reads = true, atOnce = false } = hostileServers.find((one) => one.name === name)!;
    const server = createServer((socket) => {
      open++;
      socket.once('close', () => open--);
      const client = new Offender(socket, new AbortController().signal, { greeting, reads: false });
      const log = new wire.FrameLog(true);
      let begun = atOnce;
      if (begun) void play(client);
      socket.on('data', (chunk) => {
        for (const { type, payload } of log.add(chunk)) {
          if (type === wire.GOAWAY) count(`GOAWAY ${errorCodeName(payload.readUInt32BE(4))}`);
          if (type === wire.RST_STREAM) count(`RST_STREAM ${errorCodeName(payload.readUInt32BE(0))}`);
          if (type !== wire.HEADERS || begun) continue;
          begun = true;
          if (!reads) socket.pause();
          void play(client);
        }
        log.frames.length = 0;
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  },

  state: () => ({ counts, open }),
};

function count(answer: string): void {
  counts[answer] = (counts[answer] ?? 0) + 1;
}

export type HostileCommands = typeof commands;

answerRequests(commands);
