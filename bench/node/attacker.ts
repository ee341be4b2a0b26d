import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Attack } from '../harness/attack.js';
import { ProgramOptions } from './program-options.js';

/** `--endpoint=unix:///... --attack=MODULE`: prints `attacking` when the attack runs, and goes on until it is ended. */
const options = new ProgramOptions();
const path = options.text('endpoint').replace('unix://', '');
const { attack } = (await import(pathToFileURL(options.text('attack')).href)) as { attack: Attack };
const stopping = new AbortController();
process.once('SIGTERM', () => {
  stopping.abort();
  process.exit();
});

// Attacks lose connections all the time.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
});

let ended = false;
const running = attack
  .run(async () => {
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  }, stopping.signal)
  .finally(() => {
    ended = true;
  });
await Promise.race([running, delay(100)]);
if (ended) throw new Error(`the attack ${attack.name} ended by itself`);
console.log('attacking');
await running;
