import { Command, Option } from 'commander';
import { csiEndpoint } from '../../csi/index.js';
import { SocketError } from '../../index.js';
import { parseEndpointOption } from '../parse-endpoint-option.js';
import { type HttpAddress, parseHttpAddress } from '../parse-http-address.js';
import { parseInteger } from '../parse-integer.js';
import { parsePair } from '../parse-pair.js';
import { parsePeerPolicy } from '../parse-peer-policy.js';
import { parseQuantity } from '../parse-quantity.js';
import { repeatable } from '../repeatable.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** The options as they are read. */
interface Given {
  readonly endpoint: string;
  readonly stateDir: string;
  readonly nodeId?: string;
  readonly name?: string;
  readonly capacity?: readonly (readonly [string, bigint])[];
  readonly topology?: readonly (readonly [string, string])[];
  readonly maxVolumesPerNode?: number;
  readonly mutableParameter?: readonly string[];
  readonly mounts?: 'bind' | 'links';
  readonly specVersion?: '1.12' | '1.13';
  readonly mode?: number;
  readonly group?: number;
  readonly allowPeer?: readonly string[];
  readonly kubeletRegistrationPath?: string;
  readonly pluginsRegistry?: string;
  readonly httpEndpoint?: HttpAddress;
  readonly logLevel: string;
}

const EXAMPLES = `
The environment variables NODE_ID and KUBE_NODE_NAME stand in for --node-id. It needs the package lmdb, pino for its log, and
with --http-endpoint prom-client: npm install podwire lmdb pino prom-client

Examples:
  podwire csi hostpath --endpoint ./csi.sock --state-dir ./state --node-id node-1
  podwire csi hostpath --endpoint unix-abstract:csi --allow-peer same-user --state-dir /var/lib/csi-hostpath --node-id node-1
  podwire csi hostpath --endpoint unix:///csi/csi.sock --state-dir /state --capacity fast=10Gi --capacity slow=1Ti \\
    --kubelet-registration-path /var/lib/kubelet/plugins/hostpath.csi.podwire/csi.sock --http-endpoint :9808

SIGTERM and SIGINT end it in order: open calls may finish within 10 s, then the sockets are gone. A second signal ends it
at once. It goes on when nobody reads its log any more. Exit status: 0 after such an end, 1 when it could not start or has
lost its socket to another server, 2 when the command line cannot be understood.`;

/** `podwire csi hostpath`. */
export function hostPathCommand(terminal: Terminal): Command {
  return new Command('hostpath')
    .description('Serves a CSI plugin that keeps volumes as folders and sparse files of this machine.')
    .addOption(
      new Option('--endpoint <endpoint>', 'where to listen, in any spelling')
        .env('CSI_ENDPOINT')
        .argParser(parseEndpointOption)
        .default(csiEndpoint({})),
    )
    .requiredOption('--state-dir <folder>', 'its own folder, for records and contents; made when it is missing')
    .option('--node-id <id>', 'the node that it serves')
    .option('--name <driver>', "the driver's name (default: hostpath.csi.podwire)")
    .addOption(
      repeatable('--capacity <kind=size>', 'room for volumes of a kind; repeatable', (text) => {
        const [kind, size] = parsePair(text, 'standard=10Gi');
        return [kind, parseQuantity(size)] as const;
      }),
    )
    .addOption(
      repeatable('--topology <key=value>', 'where the node is; repeatable', (text) =>
        parsePair(text, 'example.com/zone=z1'),
      ),
    )
    .addOption(
      new Option('--max-volumes-per-node <number>', 'volumes that may be attached at a time').argParser((text) =>
        parseInteger(text, { example: '16' }),
      ),
    )
    .addOption(
      repeatable('--mutable-parameter <key>', 'a parameter of volumes that may be changed; repeatable', (text) => text),
    )
    .addOption(
      new Option('--mounts <how>', 'by bind mounts and loop devices, or by symlinks (default: mounts where allowed)') //
        .choices(['bind', 'links']),
    )
    .addOption(
      new Option('--spec-version <version>', 'hides what is newer from its callers (default: 1.13)') //
        .choices(['1.12', '1.13']),
    )
    .addOption(
      new Option('--mode <octal>', 'permissions of the socket file (default: 0600)').argParser((text) =>
        parseInteger(text, { base: 8, example: '0660' }),
      ),
    )
    .addOption(
      new Option('--group <gid>', 'group of the socket file').argParser((text) =>
        parseInteger(text, { example: '1000' }),
      ),
    )
    .addOption(
      repeatable(
        '--allow-peer <who>',
        'who may connect: same-user, same-label, anyone, user:UID, group:GID; repeatable',
        (text) => {
          parsePeerPolicy([text]);
          return text;
        },
      ),
    )
    .option('--kubelet-registration-path <path>', 'registers with the kubelet, which finds the CSI socket there')
    .option(
      '--plugins-registry <folder>',
      'the folder that the kubelet watches (default: /var/lib/kubelet/plugins_registry)',
    )
    .addOption(
      new Option('--http-endpoint <address>', 'serves /healthz, /readyz and /metrics').argParser(parseHttpAddress),
    )
    .addOption(
      new Option('--log-level <level>', 'calls are logged at debug, their failures at warn')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (given: Given) => {
      const settings = settingsOf(given, terminal.env);
      const { runHostPath } = await import('./run-host-path.js');
      try {
        await runHostPath(settings);
      } catch (error) {
        if (!(error instanceof SocketError && error.code === 'ERR_PODWIRE_POLICY_REQUIRED')) throw error;
        throw new UsageError(
          `who may connect? ${error.endpoint} has no permissions, and as root there is no safe default: give --allow-peer, such as user:0 for root of every container of the pod`,
        );
      }
    });
}

/** What was given, as the plugin takes it. */
function settingsOf(given: Given, env: Terminal['env']) {
  const { capacity, topology, kubeletRegistrationPath, pluginsRegistry } = given;
  const nodeId = given.nodeId ?? (env.NODE_ID || env.KUBE_NODE_NAME);
  if (!nodeId) throw new UsageError('which node is this? Give --node-id, or set NODE_ID or KUBE_NODE_NAME');
  if (pluginsRegistry !== undefined && kubeletRegistrationPath === undefined) {
    throw new UsageError(
      '--plugins-registry says where to register; --kubelet-registration-path, the path of the CSI socket as the kubelet sees it, says what',
    );
  }
  const { endpoint, logLevel, httpEndpoint, mode, group, allowPeer } = given;
  return {
    endpoint,
    logLevel,
    ...(httpEndpoint && { httpEndpoint }),
    listen: {
      ...(mode !== undefined && { mode }),
      ...(group !== undefined && { group }),
      ...(allowPeer && { allowPeer: parsePeerPolicy(allowPeer) }),
    },
    ...(kubeletRegistrationPath !== undefined && {
      registration: {
        endpoint: kubeletRegistrationPath,
        ...(pluginsRegistry !== undefined && { registryFolder: pluginsRegistry }),
      },
    }),
    plugin: {
      stateFolder: given.stateDir,
      nodeId,
      ...(given.name !== undefined && { name: given.name }),
      ...(capacity && { capacity: Object.fromEntries(capacity) }),
      ...(topology && { topology: Object.fromEntries(topology) }),
      ...(given.maxVolumesPerNode !== undefined && { maxVolumesPerNode: given.maxVolumesPerNode }),
      ...(given.mutableParameter && { mutableParameters: given.mutableParameter }),
      ...(given.mounts && { mounts: given.mounts }),
      ...(given.specVersion && { specVersion: given.specVersion }),
    },
  };
}

/** What `runHostPath` is given. */
export type HostPathSettings = ReturnType<typeof settingsOf>;
