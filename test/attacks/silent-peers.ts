import { crowd } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** 10,000 connections on which nothing is ever said: they run out of time, unless they are one user's too many before. */
export const attack: TestedAttack = {
  name: '10,000 silent connections',
  answer: 'GOAWAY SETTINGS_TIMEOUT',
  reason: 'the peer sent no HTTP/2 SETTINGS',
  connections: 10_000,
  run: (connect, signal) => crowd(10_000, connect, signal, { greeting: Buffer.alloc(0) }),
};
