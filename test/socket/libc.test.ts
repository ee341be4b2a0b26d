import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { errnoName, libc, SO_PEERCRED, SO_TYPE } from '../../src/socket/libc.js';

describe('libc', () => {
  it('is loaded by the first call, not by the import', () => {
    const url = (path: string): string => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
    const program = `
      const { listenSocket } = await import(${url('../../src/socket/socket-listener.ts')});
      const { libc } = await import(${url('../../src/socket/libc.ts')});
      const loaded = () => process.report.getReport().sharedObjects.some((file) => file.includes('koffi'));
      const before = loaded();
      libc();
      console.log(typeof listenSocket, before, loaded());
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('function false true\n');
  });

  it('returns a negative errno for what fails', () => {
    const { bind, listen, connect, socketOption, socketName, tryLock } = libc();
    const nowhere = Uint8Array.of(1, 0, 0x2f, 0x78, 0);
    expect(
      [bind(-1, nowhere), listen(-1, 1), connect(-1, nowhere), tryLock(-1), socketName(-1, nowhere)].map(errnoName),
    ).toEqual(['EBADF', 'EBADF', 'EBADF', 'EBADF', 'EBADF']);
    expect(errnoName(socketOption(-1, SO_TYPE, new Uint8Array(4)))).toBe('EBADF');
  });

  it('says how much of an option the kernel has written', () => {
    const fd = libc().unixStreamSocket();
    expect(libc().socketOption(fd, SO_TYPE, new Uint8Array(64))).toBe(4);
    expect(libc().socketOption(fd, SO_PEERCRED, new Uint8Array(64))).toBe(12);
    closeSync(fd);
  });
});
