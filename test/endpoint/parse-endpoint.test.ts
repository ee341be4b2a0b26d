import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { type ParseEndpointOptions, parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';

const path = (path: string): Endpoint => ({ kind: 'path', path });
const abstract = (name: string | readonly number[]): Endpoint => ({
  kind: 'abstract',
  name: typeof name === 'string' ? new TextEncoder().encode(name) : Uint8Array.from(name),
});

const accepted: [text: string, endpoint: Endpoint, options?: ParseEndpointOptions][] = [
  ['unix:///run/x.sock', path('/run/x.sock')],
  ['unix:/run/x.sock', path('/run/x.sock')],
  ['unix:rel/x.sock', path('rel/x.sock')],
  ['unix:x.sock', path('x.sock')],
  ['/run/x.sock', path('/run/x.sock')],
  ['./x.sock', path('./x.sock')],
  ['../x.sock', path('../x.sock')],
  ['unix:///a%20b%25%C3%A9', path('/a b%é')],
  ['unix:%40x', path('@x')],
  ['unix:./@x', path('./@x')],
  ['unix:%7E/x', path('~/x')],
  ['./~/x', path('./~/x')],
  ['unix:/~/x', path('/~/x')],
  ['unix:a~', path('a~')],
  ['unix-abstract:~', abstract('~')],
  ['unix:/@x', path('/@x')],
  ['unix:///x/@y', path('/x/@y')],
  ['unix:x:y', path('x:y')],
  ['/a%20b?c#d', path('/a%20b?c#d')],
  ['unix-abstract:name', abstract('name')],
  ['unix-abstract:a%00b%ff', abstract([97, 0, 98, 255])],
  ['unix-abstract:%00', abstract([0])],
  ['unix-abstract:@x', abstract('@x')],
  ['unix-abstract:/a/b', abstract('/a/b')],
  ['unix-abstract:///a', abstract('/a')],
  ['unix-abstract:%2F/a', abstract('//a')],
  ['@name', abstract('name')],
  ['@a%20b', abstract('a%20b')],
  ['@@', abstract('@')],
  ['unix://@name', abstract('name')],
  ['unix://@a/b', abstract('a/b')],
  ['\0name', abstract('name')],
  ['\0\0', abstract([0])],
  ['fd:3', { kind: 'fd', fd: 3 }],
  ['fd:NAME', { kind: 'fd', name: 'NAME' }],
  ['unix:@name', abstract('name'), { dialect: 'go' }],
  ['unix:///@name', path('/@name'), { dialect: 'go' }],
  ['unix:///@na%6De', abstract('name'), { dialect: 'kms' }],
  [`/${'x'.repeat(106)}`, path(`/${'x'.repeat(106)}`)],
  [`@${'x'.repeat(107)}`, abstract('x'.repeat(107))],
];

const refused: [text: string, message: RegExp, options?: ParseEndpointOptions][] = [
  ['', /is empty/],
  ['unix:@name', /unix-abstract:name .* or \.\/@name/],
  ['unix:@name', /unix-abstract:name/, { dialect: 'kms' }],
  ['unix:///@name', /unix-abstract:name .* or unix:\/@name/],
  ['x.sock', /\.\/x\.sock/],
  ['unix://host/x', /"host".*unix:\/\/\/host\/x or unix:host\/x/],
  ['unix://x.sock', /unix:\/\/\/x\.sock or unix:x\.sock/],
  ['unix-abstract://a/x', /unix-abstract:a\/x/],
  ['tcp://127.0.0.1:80', /"tcp:" is no Unix socket/],
  ['localhost:50051', /"localhost:" is no Unix socket/],
  ['dns:///x', /no Unix socket/],
  ['file:///run/x', /unix:\/\/\/run\/x/],
  ['UNIX:/run/x', /write unix:\/run\/x/],
  ['  unix:/x', /white space stands around it; write unix:\/x; after unix: a space of the name itself is %20/],
  ['/run/x.sock\n', /write \/run\/x\.sock;/],
  ['@name ', /write @name;/],
  [' ', /it is empty/],
  ['unix//settings', /its ":" is missing; write unix:settings, or \.\/unix\/\/settings for the file/],
  ['unix///run/x.sock', /write unix:\/run\/x\.sock,/],
  ['127.0.0.1:80', /\.\/127/],
  ['~/x.sock', /only a shell knows "~"; write the whole path, such as unix:\/\/\/home\/me\/x\.sock, or \.\/~\/x\.sock/],
  ['~', /only a shell knows "~"/],
  ['~bob/x', /such as unix:\/\/\/home\/bob\/x, or \.\/~bob\/x for what is really called "~bob"/],
  ['unix:~', /only a shell knows "~"/],
  ['unix:~/x', /such as unix:\/\/\/home\/me\/x, or \.\/~\/x/],
  ['unix:~bob/x', /such as unix:\/\/\/home\/bob\/x,/],
  ['unix://~/x', /such as unix:\/\/\/home\/me\/x,/],
  ['unix:', /path is empty/],
  ['unix://', /path is empty/],
  ['unix-abstract:', /abstract name is empty/],
  ['unix-abstract://', /abstract name is empty/],
  ['@', /abstract name is empty/],
  ['unix://@', /abstract name is empty/],
  ['\0', /abstract name is empty/],
  ['fd:', /fd:3/],
  ['fd://NAME', /fd:NAME/],
  ['fd:a:b', /fd:NAME/],
  ['fd:99999999999', /whole number/],
  ['fd:-1x y', /fd:NAME/],
  [`/${'x'.repeat(107)}`, /108 bytes .* takes 107/],
  [`/${'é'.repeat(54)}`, /109 bytes/],
  [`@${'x'.repeat(108)}`, /108 bytes .* takes 107/],
  ['/a\0b', /NUL/],
  ['unix:/a%00b', /NUL/],
  ['unix:/a%2', /%25/],
  ['unix:/a%zz', /%25/],
  ['unix-abstract:a%', /%25/],
  ['unix:/a%ff', /not UTF-8/],
  ['unix:/a?b', /%3F/],
  ['unix-abstract:a#b', /%23/],
  ['/run/', /directory/],
  ['unix:///', /directory/],
  ['@\ud800', /surrogate/],
];

describe('parseEndpoint', () => {
  it('reads a space at the end of a name when it is escaped, as it is printed', () => {
    const endpoint = { kind: 'path', path: '/x ' } as const;
    expect(printEndpoint(endpoint)).toBe('unix:///x%20');
    expect(parseEndpoint(printEndpoint(endpoint))).toEqual(endpoint);
  });

  it.each(accepted)('reads %j as %j %j', (text, endpoint, options) => {
    expect(parseEndpoint(text, options)).toEqual(endpoint);
  });

  it.each(refused)('refuses %j, saying %s %j', (text, message, options) => {
    let thrown: unknown;
    try {
      parseEndpoint(text, options);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(EndpointError);
    expect(thrown).toMatchObject({ code: 'ERR_PODWIRE_ENDPOINT', message: expect.stringMatching(message) });
  });

  it('passes valid objects and copies their name', () => {
    const name = Uint8Array.of(0, 1, 255);
    const endpoint = parseEndpoint({ kind: 'abstract', name });
    name[0] = 9;
    expect(endpoint).toEqual(abstract([0, 1, 255]));
    expect(parseEndpoint(path('@x'))).toEqual(path('@x'));
    expect(parseEndpoint({ kind: 'fd', fd: 3 })).toEqual({ kind: 'fd', fd: 3 });
    expect(parseEndpoint({ kind: 'fd', name: 'api' })).toEqual({ kind: 'fd', name: 'api' });
  });

  it.each([
    [undefined],
    [null],
    [3],
    [{}],
    [{ kind: 'path' }],
    [{ kind: 'path', path: '' }],
    [{ kind: 'path', path: 'a\0' }],
    [{ kind: 'path', path: 'x'.repeat(108) }],
    [{ kind: 'path', path: '\udc00' }],
    [{ kind: 'abstract', name: 'text' }],
    [{ kind: 'abstract', name: new Uint8Array(0) }],
    [{ kind: 'abstract', name: new Uint8Array(108) }],
    [{ kind: 'fd', fd: -1 }],
    [{ kind: 'fd', fd: 1.5 }],
    [{ kind: 'fd', name: '3' }],
    [{ kind: 'fd', fd: 3, name: 'x' }],
    [{ kind: 'tcp', host: 'x' }],
  ])('refuses the object %j', (object) => {
    expect(() => parseEndpoint(object as unknown as Endpoint)).toThrow(EndpointError);
  });
});
