/** Runs one attack after the other against a path, as another user where it may become one. `start-program.ts` starts it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { attacks } from '../index.js';
import { answerRequests } from './answer-requests.js';
import { Answers } from './answers.js';

/** Another user than root, so that the limits of one user are not those of the other client. */
const OTHER_USER = 4_711;

const answers = new Answers();
let running = false;

process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
});

const commands = {
  start(name: string, path: string) {
    const attack = attacks.find((one) => one.name === name)!;
    setPriority(10);
    if (process.getuid?.() === 0) process.setuid?.(OTHER_USER);
    running = true;
    void attack
      .run(async () => {
        const socket = connect(path);
        answers.watch(socket);
        await once(socket, 'connect');
        return socket;
      }, new AbortController().signal)
      .finally(() => {
        running = false;
      });
  },

  /** What it was told so far, and whether it goes on. */
  state: () => ({ running, answers: answers.counts, connections: answers.connections }),
};

export type AttackerCommands = typeof commands;

answerRequests(commands);
