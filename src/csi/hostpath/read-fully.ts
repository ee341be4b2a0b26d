import type { FileHandle } from 'node:fs/promises';

/** Fills the buffer with what is at `position`, and with zeros behind the end of the file. @returns bytes of the file. */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  buffer.fill(0, filled);
  return filled;
}
