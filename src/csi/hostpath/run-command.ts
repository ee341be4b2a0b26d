import { execFile } from 'node:child_process';

/** Runs a program without a shell. Rejects with what it said when it fails. @returns its output. */
export function runCommand(program: string, ...parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, parameters, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim() || error.message;
      reject(new Error(`${program} ${parameters.join(' ')}: ${said}`, { cause: error }));
    });
  });
}
