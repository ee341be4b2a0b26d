import type { Scenario } from '../scenario.js';
import { serverStream64b } from './server-stream-64b.js';
import { unary64b } from './unary-64b.js';
import { unary64k } from './unary-64k.js';

/** All scenarios, in the order of the table. */
export const scenarios: readonly Scenario[] = [...unary64b, ...unary64k, ...serverStream64b];
