import { afterEach, describe, expect, it } from 'vitest';
import { BenchProcess } from '../../bench/harness/bench-process.js';

describe('BenchProcess', () => {
  const processes: BenchProcess[] = [];

  function start(script: string): BenchProcess {
    const started = new BenchProcess('the program', [process.execPath, '-e', script], undefined);
    processes.push(started);
    return started;
  }

  afterEach(async () => {
    for (const started of processes.splice(0)) await started.stop();
  });

  it('gives lines one by one', async () => {
    const started = start('console.log("begin"); console.log("end"); setInterval(() => {}, 1000)');
    await started.expect('begin', 20);
    expect(await started.line(20)).toBe('end');
    await expect(started.line(0.05)).rejects.toThrow('the program said nothing for 0.05 s');
  });

  it('quotes what a program said before it ended', async () => {
    const started = start('console.error("no such endpoint"); process.exitCode = 1');
    await expect(started.line(20)).rejects.toThrow(/the program ended early\. no such endpoint/);
  });

  it('says that a program is not there', async () => {
    const started = new BenchProcess('the program', ['/nonexistent/program'], undefined);
    await expect(started.line(20)).rejects.toThrow(/ENOENT/);
  });

  it('counts processor time and memory of child processes, too', async () => {
    // It ends when its parent, at the other end of its standard input, has ended.
    const busy = 'const end = Date.now() + 300; while (Date.now() < end); console.log("done"); process.stdin.resume()';
    const child = JSON.stringify(busy);
    const started = start(
      `require('child_process').spawn(process.execPath, ['-e', ${child}], { stdio: ['pipe', 'inherit', 'inherit'] })`,
    );
    const alone = start('console.log("ready"); setInterval(() => {}, 1000)');
    await alone.expect('ready', 20);
    await started.expect('done', 20);
    expect(started.memoryBytes('now')).toBeGreaterThan(1.5 * alone.memoryBytes('now'));
    expect(started.cpuMicros()).toBeGreaterThan(alone.cpuMicros());
    expect(alone.memoryBytes('peak')).toBeGreaterThanOrEqual(alone.memoryBytes('now'));
  });
});
