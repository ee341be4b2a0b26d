import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { socketAddress } from '../../src/socket/socket-address.js';

const family = endianness() === 'LE' ? [1, 0] : [0, 1];

describe('socketAddress', () => {
  it('ends a path with NUL', () => {
    expect([...socketAddress({ kind: 'path', path: '/é' })]).toEqual([...family, 0x2f, 0xc3, 0xa9, 0]);
  });

  it('begins an abstract name with NUL and adds nothing to it', () => {
    expect([...socketAddress({ kind: 'abstract', name: Uint8Array.of(0, 255) })]).toEqual([...family, 0, 0, 255]);
  });

  it('fills sockaddr_un with the longest names', () => {
    expect(socketAddress({ kind: 'path', path: 'x'.repeat(107) }).length).toBe(110);
    expect(socketAddress({ kind: 'abstract', name: new Uint8Array(107) }).length).toBe(110);
  });
});
