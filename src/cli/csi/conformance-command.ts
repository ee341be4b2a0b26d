import { Command, Option } from 'commander';
import { type ConformanceOptions, listConformanceChecks, type TextMap } from '../../csi/conformance/index.js';
import { parseEndpointOption } from '../parse-endpoint-option.js';
import { parseInteger } from '../parse-integer.js';
import { parsePair } from '../parse-pair.js';
import { parseQuantity } from '../parse-quantity.js';
import { readTextMaps } from '../read-text-maps.js';
import { repeatable } from '../repeatable.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** The options as they are read. */
interface Given {
  readonly only?: readonly string[];
  readonly list?: true;
  readonly json?: string;
  readonly parameters?: readonly (readonly [string, string])[];
  readonly mutableParameters?: readonly (readonly [string, string])[];
  readonly snapshotParameters?: readonly (readonly [string, string])[];
  readonly secrets?: string;
  readonly volumeSize?: bigint;
  readonly accessType?: 'mount' | 'block';
  readonly nodeStagingDir?: string;
  readonly nodeTargetDir?: string;
  readonly restartCommand?: string;
  readonly callTimeout?: number;
  readonly parallel?: number;
}

/** What `runConformanceCommand` is given. */
export interface ConformanceSettings {
  readonly endpoint: string;
  readonly options: ConformanceOptions;
  /** Kills the plugin and starts it again, in a shell. */
  readonly restartCommand: string | undefined;
  /** A file for the results. */
  readonly json: string | undefined;
}

const EXAMPLES = `
Each check is one line: ok, FAIL with what was expected, what came and the calls that led to it, or skip with the reason.
What a check made is taken back after it, also after Ctrl-C, or when nobody reads the results any more. Only what the plugin
advertises is checked. A plugin that is not there yet is waited for, as long as a call may take.

The file of secrets has a map for each call, CreateVolume: { user: admin }, or is that of csi-sanity.

Examples:
  podwire csi conformance unix:///run/csi/csi.sock
  podwire csi conformance @csi --only 'controller/*' --only 'list/*' --json results.json
  podwire csi conformance ./csi.sock --parameters type=fast --mutable-parameters iops=100 --secrets secrets.yaml
  podwire csi conformance ./csi.sock --restart-command 'pkill -9 -x my-driver; ./start-my-driver'
  podwire csi conformance --list

Exit status: 0 nothing failed, 1 a check failed, it was interrupted or there is no plugin, 2 the command line cannot be
understood, 141 nobody reads what it prints any more.`;

/** `podwire csi conformance`. */
export function conformanceCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const pair = (text: string) => parsePair(text, 'key=value');
  return new Command('conformance')
    .description('Checks a CSI plugin in any language, by calling it.')
    .argument('[endpoint]', 'where the plugin listens, in any spelling', parseEndpointOption)
    .addOption(
      repeatable('--only <pattern>', 'only checks of this name; * stands for anything; repeatable', (text) => text),
    )
    .option('--list', 'tells the checks and what they need, and makes none')
    .option('--json <file>', 'writes the results there, too')
    .addOption(repeatable('--parameters <key=value>', 'of CreateVolume; repeatable', pair))
    .addOption(repeatable('--mutable-parameters <key=value>', 'that volumes take; repeatable', pair))
    .addOption(repeatable('--snapshot-parameters <key=value>', 'of CreateSnapshot and groups; repeatable', pair))
    .option('--secrets <file>', 'secrets for each call, in YAML or JSON')
    .addOption(
      new Option('--volume-size <size>', 'of the volumes that are made (default: 1Gi)').argParser(parseQuantity),
    )
    .addOption(new Option('--access-type <type>', 'how volumes are used (default: mount)').choices(['mount', 'block']))
    .option(
      '--node-staging-dir <folder>',
      'where volumes are staged, seen there by the plugin too (default: temporary)',
    )
    .option('--node-target-dir <folder>', 'where volumes are published, likewise')
    .option('--restart-command <command>', 'kills the plugin with SIGKILL and starts it again, in a shell')
    .addOption(
      new Option('--call-timeout <seconds>', 'how long a call may take (default: 60)').argParser((text) =>
        parseInteger(text, { example: '60' }),
      ),
    )
    .addOption(
      new Option('--parallel <number>', 'volumes that are made at a time (default: 100)').argParser((text) =>
        parseInteger(text, { example: '100' }),
      ),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (endpoint: string | undefined, given: Given) => {
      const checks = chosen(given.only);
      if (given.list) {
        for (const { name, needs } of checks) terminal.stdout.write(`${[name, ...needs].join('\t')}\n`);
        return;
      }
      if (endpoint === undefined)
        throw new UsageError('which plugin? Give its endpoint, such as unix:///run/csi/csi.sock');
      const settings = await settingsOf(endpoint, given);
      const { runConformanceCommand } = await import('./run-conformance-command.js');
      if (!(await runConformanceCommand(settings, terminal))) finish(1);
    });
}

function chosen(only: Given['only']) {
  try {
    return listConformanceChecks(only);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function settingsOf(endpoint: string, given: Given): Promise<ConformanceSettings> {
  const map = (pairs: Given['parameters']): TextMap | undefined => pairs && Object.fromEntries(pairs);
  const secrets = given.secrets === undefined ? undefined : await readTextMaps(given.secrets);
  const options: ConformanceOptions = {
    only: given.only,
    parameters: map(given.parameters),
    mutableParameters: map(given.mutableParameters),
    snapshotParameters: map(given.snapshotParameters),
    secrets: secrets && withoutSuffix(secrets),
    volumeSizeBytes: given.volumeSize,
    accessType: given.accessType,
    stagingFolder: given.nodeStagingDir,
    targetFolder: given.nodeTargetDir,
    callTimeoutMs: given.callTimeout && given.callTimeout * 1000,
    parallelVolumes: given.parallel,
  };
  return { endpoint, options, restartCommand: given.restartCommand, json: given.json };
}

/** csi-sanity has `CreateVolumeSecret` for what goes with CreateVolume. */
function withoutSuffix(secrets: { readonly [call: string]: TextMap }): { [call: string]: TextMap } {
  return Object.fromEntries(Object.entries(secrets).map(([call, map]) => [call.replace(/Secrets?$/, ''), map]));
}
