import type { FuzzTarget } from '../fuzz-target.js';
import { connectionTarget } from './connection.js';
import { endpoint } from './endpoint.js';
import { headerSections } from './header-sections.js';
import { hpackDecoder } from './hpack-decoder.js';
import { hpackTable } from './hpack-table.js';
import { messageAssembler } from './message-assembler.js';
import { reframedTarget } from './reframed.js';

export const targets: readonly FuzzTarget[] = [
  connectionTarget('server'),
  connectionTarget('client'),
  reframedTarget('server'),
  reframedTarget('client'),
  hpackDecoder,
  hpackTable,
  messageAssembler,
  endpoint,
  headerSections,
];
