import { readFileSync } from 'node:fs';
import path from 'node:path';
import { nodePeer } from '../../harness/node-peer.js';
import type { Peer } from '../../harness/peer.js';

export const peer: Peer = {
  name: 'podwire',
  async build(place) {
    const { version } = JSON.parse(readFileSync(path.join(place.root, 'package.json'), 'utf8')) as { version: string };
    return { ...(await nodePeer('podwire', 'podwire').build(place)), version };
  },
};
