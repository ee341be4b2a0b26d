import { describe, expect, it } from 'vitest';
import { hasLibc } from '../../src/socket/has-libc.js';
import { knowsPeers } from './knows-peers.js';

describe('hasLibc', () => {
  it('is true where koffi was not hidden', () => {
    expect(hasLibc('x')).toBe(knowsPeers);
  });
});
