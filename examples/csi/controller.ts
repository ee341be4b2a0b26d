import { mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  IdentityDefinition,
  VolumeCapability_AccessMode_Mode as Mode,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
  type VolumeCapability,
} from '../../gen/csi/v1/csi.js';
// Outside this repository: from 'podwire'.
import { type Channel, Code, createClient, RpcError } from '../../src/index.js';

export interface ControllerOptions {
  /** The way to the plugin. It need not be there yet. */
  readonly channel: Channel;
  readonly volumeName: string;
  /** An existing folder in which the workload's paths are made. */
  readonly workloads: string;
  /** Called after each step with what came out of it, in plain words. */
  readonly onStep: (title: string, outcome: string, elapsedMs: number) => void;
  readonly signal?: AbortSignal;
  /** How long to wait for the plugin, in milliseconds. Default 10,000. */
  readonly readyTimeoutMs?: number;
}

const MEBIBYTE = 1024n * 1024n;
const SIZE = 64n * MEBIBYTE;
const PROBE_INTERVAL_MS = 100;

const capability: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
};

/**
 * Leads one volume through its whole life, as a container orchestrator does: the parts of Kubernetes' external-provisioner
 * and of the kubelet in one. Throws at the first answer that is not as it should be.
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { channel, volumeName, workloads, onStep, signal, readyTimeoutMs = 10_000 } = options;
  const defaults = { timeoutMs: 10_000, ...(signal && { signal }) };
  const identity = createClient(IdentityDefinition, channel, { defaults });
  const controller = createClient(ControllerDefinition, channel, { defaults });
  const node = createClient(NodeDefinition, channel, { defaults });

  const step = async <Result>(
    title: string,
    action: () => Promise<Result>,
    outcome: (result: Result) => string,
  ): Promise<Result> => {
    const start = performance.now();
    let result: Result;
    try {
      signal?.throwIfAborted();
      result = await action();
    } catch (error) {
      signal?.throwIfAborted();
      throw new Error(`${title}: ${(error as Error).message}`, { cause: error });
    }
    onStep(title, outcome(result), performance.now() - start);
    return result;
  };

  await step(
    'connect to the plugin',
    () => channel.ready({ timeoutMs: readyTimeoutMs, ...(signal && { signal }) }),
    () => `process ${channel.peer?.pid ?? '?'} of user ${channel.peer?.uid ?? '?'} answers at ${channel.address}`,
  );

  await step(
    'probe it',
    async () => {
      const giveUpAt = performance.now() + readyTimeoutMs;
      for (let probes = 1; ; probes++) {
        if (await isReady()) return probes;
        check(performance.now() < giveUpAt, `the plugin was not ready within ${readyTimeoutMs} ms`);
        await delay(PROBE_INTERVAL_MS, undefined, { signal });
      }
    },
    (probes) => `ready at probe ${probes}`,
  );

  /** An absent `ready` means yes; a plugin that took too long is asked again, and every other error is final. */
  async function isReady(): Promise<boolean> {
    try {
      return (await identity.probe({}, { timeoutMs: 1_000 })).ready ?? true;
    } catch (error) {
      if (error instanceof RpcError && error.code === Code.DEADLINE_EXCEEDED) return false;
      throw error;
    }
  }

  await step(
    'ask for its name',
    async () => {
      const info = await identity.getPluginInfo({});
      check(info.name !== '', 'the plugin has no name');
      return info;
    },
    ({ name, vendorVersion }) => `${name}, version ${vendorVersion}`,
  );

  const stages = await step(
    'ask what it can do',
    async () => {
      const plugin = await identity.getPluginCapabilities({});
      const services = plugin.capabilities.flatMap(({ type }) => (type?.$case === 'service' ? [type.value.type] : []));
      check(services.includes(Service.CONTROLLER_SERVICE), 'the plugin has no controller service');
      const controllerRpcs = rpcsOf((await controller.controllerGetCapabilities({})).capabilities);
      check(controllerRpcs.includes(ControllerRpc.CREATE_DELETE_VOLUME), 'the plugin does not create volumes');
      // Attaching is for storage that is elsewhere; this controller is for plugins of one machine.
      check(!controllerRpcs.includes(ControllerRpc.PUBLISH_UNPUBLISH_VOLUME), 'the plugin wants volumes attached');
      return rpcsOf((await node.nodeGetCapabilities({})).capabilities).includes(NodeRpc.STAGE_UNSTAGE_VOLUME);
    },
    (stages) => `it creates volumes${stages ? ', and stages them before they are published' : ''}`,
  );

  const request = {
    name: volumeName,
    capacityRange: { requiredBytes: SIZE },
    volumeCapabilities: [capability],
  };
  const volume = await step(
    'create a volume',
    async () => {
      const { volume } = await controller.createVolume(request);
      check(volume !== undefined && volume.volumeId !== '', 'the answer has no volume id');
      check(volume.capacityBytes >= SIZE, `the volume has ${volume.capacityBytes} bytes, not ${SIZE}`);
      return volume;
    },
    ({ volumeId, capacityBytes }) => `${volumeId} of ${capacityBytes / MEBIBYTE} MiB`,
  );
  const { volumeId, volumeContext } = volume;

  await step(
    'create it again',
    async () => {
      const again = await controller.createVolume(request);
      check(again.volume?.volumeId === volumeId, `it is another one: ${again.volume?.volumeId}`);
    },
    () => 'the same volume comes back, as a retry expects',
  );

  const stagingTargetPath = stages ? join(workloads, 'staging') : '';
  if (stages) {
    await step(
      'stage it',
      async () => {
        await mkdir(stagingTargetPath);
        await node.nodeStageVolume({ volumeId, volumeContext, stagingTargetPath, volumeCapability: capability });
      },
      () => stagingTargetPath,
    );
  }

  const targetPath = join(workloads, 'workload');
  await step(
    'publish it',
    async () => {
      const volumeCapability = capability;
      await node.nodePublishVolume({ volumeId, volumeContext, stagingTargetPath, targetPath, volumeCapability });
      check((await stat(targetPath)).isDirectory(), `${targetPath} is no folder`);
    },
    () => targetPath,
  );

  const text = `written by the workload of ${volumeName}\n`;
  await step(
    'write through the published path',
    () => writeFile(join(targetPath, 'greeting.txt'), text),
    () => `greeting.txt, ${text.length} bytes`,
  );

  await step(
    "read it in the volume's own folder",
    async () => {
      // This plugin tells where its volumes are; no CO would need to know.
      const { folder } = volumeContext;
      check(folder !== undefined, 'the volume context has no folder');
      check((await readFile(join(folder, 'greeting.txt'), 'utf8')) === text, 'the content differs');
      return folder;
    },
    (folder) => `the same bytes in ${folder}`,
  );

  await step(
    'unpublish it',
    async () => {
      await node.nodeUnpublishVolume({ volumeId, targetPath });
      check(!(await exists(targetPath)), `${targetPath} is still there`);
    },
    () => 'the path is gone',
  );

  if (stages) {
    await step(
      'unstage it',
      async () => {
        await node.nodeUnstageVolume({ volumeId, stagingTargetPath });
        await rmdir(stagingTargetPath); // fails unless the plugin left it empty
      },
      () => 'the staging folder is empty, and removed',
    );
  }

  await step(
    'delete it',
    async () => {
      await controller.deleteVolume({ volumeId });
      await controller.deleteVolume({ volumeId }); // a retry
      check(!(await exists(volumeContext.folder ?? '')), 'its folder is still there');
    },
    () => 'the volume and its folder are gone; deleting it twice is no error',
  );
}

function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Controller and node say their capabilities in the same shape. */
function rpcsOf<Type>(
  capabilities: readonly {
    readonly type: { readonly $case: 'rpc'; readonly value: { readonly type: Type } } | undefined;
  }[],
): Type[] {
  return capabilities.flatMap(({ type }) => (type === undefined ? [] : [type.value.type]));
}
