import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCsiSanity, type SanitySpec, secret } from './csi-sanity.js';
import { HostPathProcess } from './host-path-process.js';
import { leftovers, recordsLeft, removeWithLeftovers } from './leftovers.js';
import type { SanitySetting } from './sanity-setting.js';
import { asUnprivileged, unprivilegedUser } from './unprivileged.js';

export interface SanityRun {
  readonly setting: SanitySetting;
  readonly specs: readonly SanitySpec[];
  /** What should be gone. */
  readonly left: readonly string[];
  /** Lines of the plugin's log: all, those of which a secret was taken, and those in which one is. */
  readonly log: { readonly lines: number; readonly stripped: number; readonly withSecret: number };
}

/** Starts a host-path plugin, runs csi-sanity against it, ends it, and looks at what is left. */
export async function runSanity(csiSanity: string, setting: SanitySetting): Promise<SanityRun> {
  const { user, accessType, kind } = setting;
  const uid = user === 'root' ? 0 : unprivilegedUser;
  const program = { command: csiSanity, args: [] };
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'podwire-csi-')));
  await chown(folder, uid, uid);
  // Spellings that Go's sidecars and this repository both read.
  const endpoint = kind === 'path' ? `unix://${folder}/csi.sock` : `unix-abstract:podwire-csi-${randomUUID()}`;
  const log = path.join(folder, 'plugin.log');
  try {
    const server = await HostPathProcess.start(setting, endpoint, folder, log);
    let specs: SanitySpec[];
    let records: string[];
    let end: number | string;
    try {
      specs = await runCsiSanity(user === 'root' ? program : asUnprivileged(program), endpoint, folder, accessType);
      records = await recordsLeft(server.plugin);
    } finally {
      end = await server.stop();
    }
    if (end !== 0) throw new Error(`the plugin ended with ${end}`);
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    const count = (text: string) => lines.filter((line) => line.includes(text)).length;
    return {
      setting,
      specs,
      left: [...records, ...(await leftovers(folder))],
      log: { lines: lines.length, stripped: count('***stripped***'), withSecret: count(secret) },
    };
  } finally {
    await removeWithLeftovers(folder);
  }
}
