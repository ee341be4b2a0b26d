import type { HeaderFields } from './hpack/header-fields.js';

/** Fields that only mean something to HTTP/1.1, RFC 9113 section 8.2.2. */
const connectionSpecific = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Names that were found to be valid, so that a name is looked at once and not once per call: as many and as long as this. */
const validNames = new Set<string>();
const VALID_NAMES_LIMIT = 1_000;
const VALID_NAME_LENGTH = 64;

/** RFC 9113 section 8.2.1: no upper case, no controls, no space, no colon beyond the one of a pseudo-header field. */
function isValidName(name: string): boolean {
  if (validNames.has(name)) return true;
  if (name.length === 0 || connectionSpecific.has(name)) return false;
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f || code === 0x3a || (code >= 0x41 && code <= 0x5a)) return false;
  }
  if (name.length <= VALID_NAME_LENGTH && validNames.size < VALID_NAMES_LIMIT) validNames.add(name);
  return true;
}

/**
 * RFC 9113 section 8.2.1: no NUL, LF or CR. White space at either end, which it forbids too, is let through: gRPC leaves the
 * spaces of a status message as they are, so that servers do send such values, and a call must not lose its status by it.
 */
function isValidValue(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code <= 0x0d && (code === 0 || code === 0x0a || code === 0x0d)) return false;
  }
  return true;
}

function checkRegularField(name: string, value: string): string | undefined {
  if (!isValidName(name)) return `header field name ${JSON.stringify(name)} is not allowed`;
  if (!isValidValue(value)) return `the value of header field ${name} has octets that are not allowed`;
  if (name === 'te' && value !== 'trailers') return 'te may only say trailers';
  return undefined;
}

/**
 * Checks a request header section against RFC 9113 section 8.3.1. `:authority` may be anything, also missing: local
 * clients send socket paths and abstract names there.
 *
 * @returns what is malformed, or undefined.
 */
export function checkRequestFields(fields: HeaderFields): string | undefined {
  let method: string | undefined;
  let scheme = false;
  let path = false;
  let authority = false;
  let index = 0;
  for (; index < fields.length; index += 2) {
    const name = fields[index];
    if (name.charCodeAt(0) !== 0x3a) break;
    const value = fields[index + 1];
    if (name === ':method' && method === undefined) method = value;
    else if (name === ':scheme' && !scheme) scheme = true;
    else if (name === ':path' && !path && value !== '') path = true;
    else if (name === ':authority' && !authority) authority = true;
    else return `pseudo-header field ${name} is unknown, repeated or empty`;
    if (name !== ':authority' && !isValidValue(value)) return `the value of ${name} has octets that are not allowed`;
  }
  for (; index < fields.length; index += 2) {
    const problem = checkRegularField(fields[index], fields[index + 1]);
    if (problem !== undefined) return problem;
  }
  if (method === undefined) return ':method is missing';
  if (method !== 'CONNECT' && !(scheme && path)) return ':scheme or :path is missing';
  return undefined;
}

/** Checks a response header section against RFC 9113 section 8.3.2. @returns what is malformed, or undefined. */
export function checkResponseFields(fields: HeaderFields): string | undefined {
  if (fields[0] !== ':status' || !/^[1-9][0-9]{2}$/.test(fields[1])) return ':status is missing or not a number';
  return checkTrailerFields(fields, 2);
}

/** Checks a trailer section, which has no pseudo-header fields, RFC 9113 section 8.1. */
export function checkTrailerFields(fields: HeaderFields, from = 0): string | undefined {
  for (let index = from; index < fields.length; index += 2) {
    const problem = checkRegularField(fields[index], fields[index + 1]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The value of `content-length`, undefined when absent, NaN when it is not one number. */
export function contentLength(fields: HeaderFields): number | undefined {
  let length: number | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] !== 'content-length') continue;
    const value = /^\d{1,15}$/.test(fields[index + 1]) ? Number(fields[index + 1]) : Number.NaN;
    if (length !== undefined && length !== value) return Number.NaN;
    length = value;
  }
  return length;
}
