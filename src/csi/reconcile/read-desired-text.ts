import { readFile } from 'node:fs/promises';

/** The text of the file that says what is desired. A file that is missing is a mistake, and wants nothing to be deleted. */
export async function readDesiredText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Error(`${file} does not exist; write it, or correct the path; to want nothing, write volumes: {}`, {
      cause,
    });
  }
}
