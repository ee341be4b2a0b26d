import type { FuzzTarget } from '../fuzz-target.js';
import { connectionTarget } from './connection.js';
import { endpoint } from './endpoint.js';
import { headerSections } from './header-sections.js';
import { hpackDecoder } from './hpack-decoder.js';
import { messageAssembler } from './message-assembler.js';

export const targets: readonly FuzzTarget[] = [
  connectionTarget('server'),
  connectionTarget('client'),
  hpackDecoder,
  messageAssembler,
  endpoint,
  headerSections,
];
