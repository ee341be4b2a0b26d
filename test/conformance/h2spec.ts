import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PeerProcess } from '../interop/peer-process.js';
import { bridgeFromTcp } from './byte-bridge.js';
import { type JunitCase, parseJunitReport } from './junit-report.js';

export interface H2specCase extends Pick<JunitCase, 'name' | 'outcome' | 'message'> {
  /** The section, `http2/6.9.1`, and its title. */
  readonly section: string;
  readonly title: string;
}

/** Runs every case of h2spec, the strict ones included, against the server at a Unix socket. */
export async function runH2spec(command: string, endpoint: string): Promise<H2specCase[]> {
  const program = { command, args: [] };
  const folder = await mkdtemp(path.join(tmpdir(), 'podwire-h2spec-'));
  const report = path.join(folder, 'report.xml');
  const bridge = await bridgeFromTcp(endpoint);
  try {
    const target = ['--host', '127.0.0.1', '--port', `${bridge.port}`, '--timeout', '5'];
    // Ends with 1 when a case failed; the report says which.
    const printed = await PeerProcess.output(program, [...target, '--strict', '--junit-report', report], [0, 1]);
    // h2spec has a suite for each section, and the name of a case as that of its class.
    const cases = parseJunitReport(await readFile(report, 'utf8')).map(
      ({ suite: title, package: section, className: name, outcome, message }): H2specCase => {
        return { section, title, name, outcome, message };
      },
    );
    // A case that was not run is not in the report.
    const listed = (await PeerProcess.output(program, ['--strict', '--dryrun'])).match(/^ +\d+: /gm)?.length;
    const passed = cases.filter(({ outcome }) => outcome === 'passed').length;
    if (!printed.includes(`${listed} tests, ${passed} passed, `)) {
      throw new Error(
        `h2spec lists ${listed} cases; its report has ${cases.length}, ${passed} of them passed:\n${printed}`,
      );
    }
    return cases;
  } finally {
    await bridge.close();
    await rm(folder, { recursive: true, force: true });
  }
}
