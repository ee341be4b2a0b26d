import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PeerProgram } from '../../interop/build-peers.js';
import { HostPathProcess } from './host-path-process.js';
import { leftovers, recordsLeft, removeWithLeftovers } from './leftovers.js';
import type { SanitySetting } from './sanity-setting.js';
import { unprivilegedUser } from './unprivileged.js';
import { secret } from './write-secrets.js';

/** What became of a plugin that was tested. */
export interface PluginRun {
  readonly setting: SanitySetting;
  /** What should be gone. */
  readonly left: readonly string[];
  /** Lines of the plugin's log: all, those of which a secret was taken, and those in which one is. */
  readonly log: { readonly lines: number; readonly stripped: number; readonly withSecret: number };
}

/**
 * Starts a host-path plugin, has it tested, ends it, and looks at what is left.
 *
 * @param podwire the command.
 * @param test gets the plugin's endpoint and a folder of the user's own, which has its state, too.
 */
export async function runPlugin<Results>(
  podwire: PeerProgram,
  setting: SanitySetting,
  test: (endpoint: string, folder: string) => Promise<Results>,
): Promise<PluginRun & { readonly results: Results }> {
  const uid = setting.user === 'root' ? 0 : unprivilegedUser;
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'podwire-csi-')));
  await chown(folder, uid, uid);
  // Spellings that Go's sidecars and this repository both read.
  const endpoint = setting.kind === 'path' ? `unix://${folder}/csi.sock` : `unix-abstract:podwire-csi-${randomUUID()}`;
  try {
    const server = await HostPathProcess.start(podwire, setting, endpoint, folder);
    let results: Results;
    let records: string[];
    let end: number | string;
    try {
      results = await test(endpoint, folder);
      const plugin = await server.connect();
      records = await recordsLeft(plugin).finally(() => plugin.close());
    } finally {
      end = await server.stop();
    }
    if (end !== 0) throw new Error(`the plugin ended with ${end}`);
    const lines = (await readFile(path.join(folder, HostPathProcess.log), 'utf8')).trim().split('\n');
    const count = (text: string) => lines.filter((line) => line.includes(text)).length;
    return {
      setting,
      results,
      left: [...records, ...(await leftovers(folder))],
      log: { lines: lines.length, stripped: count('***stripped***'), withSecret: count(secret) },
    };
  } finally {
    await removeWithLeftovers(folder);
  }
}
