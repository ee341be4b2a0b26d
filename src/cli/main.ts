#!/usr/bin/env node
import { processTerminal } from './process-terminal.js';
import { exitCodes, runCommand } from './run-command.js';

const terminal = processTerminal();
// A write fails only after it was made: maybe when the command is done.
terminal.unread.addEventListener('abort', () => {
  process.exitCode = exitCodes.unread;
});
const status = await runCommand(process.argv.slice(2), terminal);
if (!terminal.unread.aborted) process.exitCode = status;
