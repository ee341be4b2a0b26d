import { crowd } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** 10,000 connections that greet and then say nothing: most are one user's too many. */
export const attack: TestedAttack = {
  name: '10,000 idle connections',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  connections: 10_000,
  run: (connect, signal) => crowd(10_000, connect, signal),
};
