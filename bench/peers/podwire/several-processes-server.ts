import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bindPath } from '../../../src/socket/bind-path.js';
import { ProgramOptions } from '../../node/program-options.js';

/**
 * `--processes=N --endpoint=unix:///...`: listens once and lets N processes accept from the one socket, as a service
 * manager does that passes its socket on.
 */
const options = new ProgramOptions();
const { fd } = await bindPath({ kind: 'path', path: options.text('endpoint').replace('unix://', '') }, {}, 4_096);
const children = Array.from({ length: options.number('processes') }, () =>
  fork(path.join(import.meta.dirname, 'server.js'), ['--endpoint=fd:3'], {
    stdio: ['ignore', 'pipe', 'inherit', fd, 'ipc'],
  }),
);
process.once('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM');
  process.exit();
});
// Each says `listening`.
await Promise.all(children.map((child) => once(child.stdout as NodeJS.ReadableStream, 'data')));
console.log('listening');
