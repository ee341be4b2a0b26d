import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';

describe('printEndpoint', () => {
  it.each<[Endpoint, string]>([
    [{ kind: 'path', path: '/run/x.sock' }, 'unix:///run/x.sock'],
    [{ kind: 'path', path: 'rel/x.sock' }, 'unix:rel/x.sock'],
    [{ kind: 'path', path: '@x' }, 'unix:%40x'],
    [{ kind: 'path', path: '~/x' }, 'unix:%7E/x'],
    [{ kind: 'path', path: '/@x' }, 'unix:///%40x'],
    [{ kind: 'path', path: '/a b%?#é' }, 'unix:///a%20b%25%3F%23%C3%A9'],
    [{ kind: 'abstract', name: Buffer.from('podinfo') }, 'unix-abstract:podinfo'],
    [{ kind: 'abstract', name: Buffer.from('//a') }, 'unix-abstract:%2F/a'],
    [{ kind: 'abstract', name: Uint8Array.of(0, 37, 255) }, 'unix-abstract:%00%25%FF'],
    [{ kind: 'fd', fd: 3 }, 'fd:3'],
    [{ kind: 'fd', name: 'api' }, 'fd:api'],
  ])('prints %j as %s', (endpoint, text) => {
    expect(printEndpoint(endpoint)).toBe(text);
  });

  it('is read back to an equal abstract name, whatever its bytes', () => {
    // Half of the names from the characters that mean something in some spelling.
    const special = fc.constantFrom(...Buffer.from('/@%?#:\0 a2F'));
    const bytes = fc.array(fc.oneof(special, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 107 });
    fc.assert(
      fc.property(bytes, (name) => {
        const endpoint: Endpoint = { kind: 'abstract', name: Uint8Array.from(name) };
        const text = printEndpoint(endpoint);
        expect(text).toMatch(/^[\x21-\x7e]+$/);
        expect(parseEndpoint(text)).toEqual(endpoint);
      }),
      { numRuns: 500 },
    );
  });

  it('is read back to an equal path', () => {
    const character = fc.oneof(
      fc.constantFrom(...'/@~%?#: .é\uffff\ufeff'),
      fc.string({ unit: 'binary', minLength: 1 }),
    );
    const paths = fc
      .array(character, { minLength: 1, maxLength: 20 })
      .map((parts) => parts.join(''))
      .filter((path) => !path.includes('\0') && !path.endsWith('/') && Buffer.byteLength(path) <= 107);
    fc.assert(
      fc.property(paths, (path) => {
        const endpoint: Endpoint = { kind: 'path', path };
        const text = printEndpoint(endpoint);
        expect(text).toMatch(/^[\x21-\x7e]+$/);
        expect(parseEndpoint(text)).toEqual(endpoint);
      }),
      { numRuns: 500 },
    );
  });
});
