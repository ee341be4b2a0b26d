import { headerListSize } from '../../../src/http2/header-list-size.js';
import { checkRequestFields, checkResponseFields, checkTrailerFields } from '../../../src/http2/header-validation.js';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.js';
import { Metadata } from '../../../src/rpc/metadata.js';
import { parseRequestHeader } from '../../../src/rpc/request-header.js';
import { parseResponseHeader } from '../../../src/rpc/response-header.js';
import { decodeStatusMessage, encodeStatusMessage } from '../../../src/rpc/status-message.js';
import { formatTimeout, parseTimeout } from '../../../src/rpc/timeout.js';
import { parseTrailers } from '../../../src/rpc/trailer-status.js';
import { check } from '../check.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { mutateOctets } from '../mutate-octets.js';
import type { Random } from '../random.js';

const names = [
  ...[':method', ':scheme', ':path', ':authority', ':status', 'content-type', 'te', 'grpc-timeout', 'grpc-encoding'],
  ...['grpc-accept-encoding', 'grpc-status', 'grpc-message', 'grpc-status-details-bin', 'user-agent', 'x', 'x-bin'],
];
const values = [
  ...['POST', 'http', '/a.B/C', 'localhost', '200', 'application/grpc', 'application/grpc+proto; a="b"', 'trailers'],
  ...['1S', '99999999H', '0n', '100000000m', 'gzip', 'identity,gzip', '0', '16', '17', '007', 'caf%C3%A9 %', '%%%zz'],
  ...['CAMSA2FiYw', 'AAEC/w==', 'AAEC,AAEC', '', ' ', 'é\u00ff'],
];

function text(random: Random, from: readonly string[]): string {
  const picked = random.pick(from);
  return random.once(3) ? mutateOctets(Buffer.from(picked, 'latin1'), random).toString('latin1') : picked;
}

/** Header sections as HPACK gives them: one character for each octet, whatever it is. */
export const headerSections: FuzzTarget = {
  name: 'header-sections',
  run(random: Random): void {
    const fields: string[] = [];
    for (let count = random.below(10); count > 0; count--) fields.push(text(random, names), text(random, values));
    for (const validate of [checkRequestFields, checkResponseFields, checkTrailerFields]) validate([...fields]);

    const request = parseRequestHeader(fields);
    if (request.kind === 'request') {
      const { timeoutMs = 0 } = request;
      check(timeoutMs >= 0 && timeoutMs <= 99_999_999 * 3_600_000, `the timeout is ${timeoutMs}`);
    }
    parseResponseHeader(fields);
    const { code, message } = parseTrailers(fields);
    check(Number.isInteger(code) && code >= 0 && code <= 16, `the status code is ${code}`);
    check(decodeStatusMessage(encodeStatusMessage(message)) === wellFormed(message), 'the status message changes');

    const metadata = Metadata.fromFields(fields);
    for (const [key, list] of metadata) {
      for (const value of list) {
        check(key.endsWith('-bin') === value instanceof Uint8Array, `${key} has a value of the wrong type`);
      }
    }
    const sent: string[] = [];
    metadata.appendTo(sent);
    headerListSize(sent);
    // What came in can be sent on.
    new HpackEncoder().encode(sent);

    const timeout = parseTimeout(text(random, values));
    if (timeout !== undefined) {
      const again = parseTimeout(formatTimeout(timeout));
      check(again !== undefined && (timeout === 0 || again >= timeout), `${timeout} ms are sent as ${again} ms`);
    }
  },
};

/** A lone surrogate has no octets in UTF-8. */
function wellFormed(message: string): string {
  return Buffer.from(message).toString();
}
