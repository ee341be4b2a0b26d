import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

let answer: boolean | undefined;

/**
 * Whether this Node binds an abstract name as it is written. libuv before 1.48 fills it with NULs to the length of
 * sun_path, which is another name (libuv#4266); distributions build Node with a libuv of their own, so this asks the
 * kernel rather than the version.
 */
export function nodeNamesAreExact(): boolean {
  answer ??= probe();
  return answer;
}

function probe(): boolean {
  // A NUL inside, at which a C string would end.
  const name = `podwire-probe-${process.pid}-${Math.random().toString(36).slice(2)}\0x`;
  const server = createServer().on('error', () => {});
  try {
    // Bound when `listen` returns.
    server.listen({ path: `\0${name}` }).unref();
    const table = readFileSync('/proc/net/unix', 'latin1');
    return table.split('\n').some((line) => line.endsWith(` @${name.replace('\0', '@')}`));
  } catch {
    return false;
  } finally {
    if (server.listening) server.close();
  }
}
