import { describe, expect, it } from 'vitest';
import { STATIC_TABLE } from '../../../src/http2/hpack/static-table.js';

describe('the static table', () => {
  it('has 61 pairs, each once', () => {
    expect(STATIC_TABLE).toHaveLength(61);
    expect(new Set(STATIC_TABLE.map(([name, value]) => `${name}=${value}`)).size).toBe(61);
  });

  // RFC 7541 appendix A: the ends of every run of values, and landmarks between.
  it.each([
    [1, ':authority', ''],
    [2, ':method', 'GET'],
    [3, ':method', 'POST'],
    [4, ':path', '/'],
    [7, ':scheme', 'https'],
    [8, ':status', '200'],
    [14, ':status', '500'],
    [16, 'accept-encoding', 'gzip, deflate'],
    [23, 'authorization', ''],
    [28, 'content-length', ''],
    [31, 'content-type', ''],
    [38, 'host', ''],
    [49, 'proxy-authorization', ''],
    [55, 'set-cookie', ''],
    [58, 'user-agent', ''],
    [61, 'www-authenticate', ''],
  ])('has at %i %s: %s', (index, name, value) => {
    expect(STATIC_TABLE[index - 1]).toEqual([name, value]);
  });

  it('is in alphabetical order behind the status codes, but for accept', () => {
    const names = STATIC_TABLE.slice(14).map(([name]) => name);
    const moved = names.filter((name) => name !== 'accept');
    expect(moved).toEqual([...moved].sort());
    expect(names.indexOf('accept')).toBe(4);
  });
});
