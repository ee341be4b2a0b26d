import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Container } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import type { VolumeCapability } from '../../gen/csi/v1/csi.js';
import { type ConnectedPlugin, connectPlugin } from '../../src/csi/index.js';
import { Kubelet } from '../csi/registration/kubelet.js';
import { ImageBuild } from './image-build.js';
import { Deployment, optionOf, socketOf } from './manifests.js';
import { type ContainerRun, type Image, NodeSandbox } from './node-sandbox.js';

// What is not run: the base image and the images of the sidecars, which come from registries that cannot be reached here, and
// an API server. In place of node-driver-registrar and csi-provisioner are programs of a few lines, with the users, mounts and
// arguments that the manifests give those.

const repository = fileURLToPath(new URL('../../', import.meta.url));
const DRIVER = 'hostpath.csi.podwire';
const STATE = '/var/lib/csi-hostpath-podwire';
const TOOLKIT = '/podwire/node_modules/podwire/dist/src/csi/index.js';

let build: ImageBuild;
let image: Image;

beforeAll(async () => {
  build = await ImageBuild.of('deploy/Dockerfile');
  const { entrypoint, env } = build;
  image = { entrypoint, env, folders: { '/podwire': build.folderOf('/podwire') } };
}, 600_000);

afterAll(() => build?.[Symbol.asyncDispose](), 120_000);

/** Skips where containers cannot be made; a skipped case fails the whole check of the project. */
function needsContainers(context: TestContext): void {
  const missing = ['unshare', 'nsenter', 'setpriv', 'chroot', 'ip', 'losetup', 'mount'].filter(
    (program) => spawnSync(program, [program === 'ip' ? '-V' : '--version']).error !== undefined,
  );
  if (process.geteuid?.() !== 0) missing.unshift('root');
  context.skip(missing.length > 0, `needs ${missing.join(', ')}`);
}

describe('the image', () => {
  const { engines, devDependencies, dependencies, version } = JSON.parse(
    readFileSync(join(repository, 'package.json'), 'utf8'),
  ) as Record<'engines' | 'devDependencies' | 'dependencies', Record<string, string>> & { version: string };
  const dockerfile = readFileSync(join(repository, 'deploy/Dockerfile'), 'utf8');

  it('begins with a Node that podwire runs on', () => {
    expect(engines.node).toBe('^20.19.0 || >=22.12.0');
    expect(new Set(build.baseImages)).toEqual(new Set(['node:24-slim']));
  });

  it('has podwire and what the command loads, in the versions that are tested here', () => {
    for (const [, name, pinned] of dockerfile.matchAll(/ (@?[\w/-]+)@(\d[\d.]*)/g)) {
      expect([name, devDependencies[name!]]).toEqual([name, pinned]);
    }
    const modules = build.folderOf('/podwire/node_modules');
    const installed = readdirSync(modules);
    expect(installed).toEqual(expect.arrayContaining(['podwire', ...Object.keys(dependencies), 'lmdb', 'pino']));
    expect(installed).not.toContain('typescript');
    expect(readdirSync(join(modules, 'podwire')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
      'proto',
    ]);
  });

  it('is sent all that it copies, and little else', () => {
    const sent = readFileSync(join(repository, 'deploy/Dockerfile.dockerignore'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect([...sent.matchAll(/^!(.*)$/gm)].map(([, path]) => path).sort()).toEqual(copied.sort());
  });

  it('starts the command', () => {
    const run = (...args: readonly string[]): string => {
      const [program = '', ...rest] = [...build.entrypoint, ...args];
      return execFileSync(build.folderOf(program), rest, { encoding: 'utf8' });
    };
    expect(run('--version')).toBe(`${version}\n`);
    expect(run(...build.command)).toContain('podwire csi hostpath');
    // Its own user is not root; the manifests say where it has to be.
    expect(build.user).toBe('node');
  });
});

/** The plugin's log, as far as it is there. */
function logged(run: ContainerRun, message: string): unknown {
  return run.lines.map((line) => JSON.parse(line) as { msg: string }).find(({ msg }) => msg === message);
}

async function startPlugin(node: NodeSandbox, container: Container): Promise<ContainerRun> {
  const run = node.run(container, image);
  await expect.poll(() => logged(run, 'listening'), { timeout: 20_000 }).toBeDefined();
  return run;
}

/** Asks as the kubelet does for a probe of the manifest. */
function probe(node: NodeSandbox, { ports = [] }: Container, asked: Container['livenessProbe'], path?: string) {
  const port = ports.find(({ name }) => name === asked?.httpGet?.port)?.containerPort;
  const url = `http://127.0.0.1:${port}${path ?? asked?.httpGet?.path}`;
  const program = `const answer = await fetch('${url}'); console.log(answer.status, await answer.text())`;
  return node.onNode(process.execPath, '--input-type=module', '--eval', program);
}

/** The socket by which the kubelet finds the plugin. Its path is longer here than on a node, so it goes by a link. */
async function dial(node: NodeSandbox, endpoint: string): Promise<ConnectedPlugin> {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-kubelet-'));
  symlinkSync(dirname(node.pathOf(endpoint)), join(folder, 'csi'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // That the connection breaks is part of the test, and nothing to read about.
  const logger = { info() {}, warn() {}, error() {} };
  const plugin = await connectPlugin(join(folder, 'csi/csi.sock'), { timeoutMs: 10_000, logger });
  onTestFinished(() => plugin.close());
  return plugin;
}

const accessMode = { mode: 1 } as const;
const mount: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode,
};

/** Where the kubelet has a volume of a workload, and its folder made. */
async function makeTarget(node: NodeSandbox, volume: string): Promise<string> {
  const target = `/var/lib/kubelet/pods/11111111-2222-3333-4444-555555555555/volumes/kubernetes.io~csi/${volume}/mount`;
  await node.onNode('mkdir', '-p', node.pathOf(dirname(target)));
  return target;
}

/** Writes by the path that a workload would get, as a process of the node. */
async function writeThrough(node: NodeSandbox, target: string, text: string): Promise<void> {
  const path = node.pathOf(target);
  await node.onNode('sh', '-c', `mountpoint -q ${path} && echo ${text} > ${path}/greeting`);
}

describe('the deployment alone', { timeout: 120_000 }, () => {
  const deployment = new Deployment('alone');
  const container = deployment.container('hostpath');

  it('registers, is well, and gives pods ephemeral volumes, also after it was killed', async (context) => {
    needsContainers(context);
    await using node = await NodeSandbox.start(deployment);
    const kubelet = new Kubelet(node.pathOf('/var/lib/kubelet/plugins_registry'));
    onTestFinished(() => kubelet.stop());
    const first = await startPlugin(node, container);
    expect(await probe(node, container, container.readinessProbe)).toMatch(/^503 /);
    kubelet.start();
    const file = `${DRIVER}-reg.sock`;
    await expect.poll(() => kubelet.plugins.get(file)).toMatchObject({ type: 'CSIPlugin', name: DRIVER });
    const { endpoint } = kubelet.plugins.get(file)!;
    expect(endpoint).toBe(optionOf(container, '--kubelet-registration-path'));
    expect(await probe(node, container, container.livenessProbe)).toMatch(/^200 /);
    await expect.poll(() => probe(node, container, container.readinessProbe)).toMatch(/^200 /);

    const plugin = await dial(node, endpoint);
    expect(plugin.name).toBe(DRIVER);
    expect(plugin.nodeInfo?.nodeId).toBe(NodeSandbox.NAME);
    const targetPath = await makeTarget(node, 'scratch');
    const volumeId = `csi-${'0123456789abcdef'.repeat(4)}`;
    const ephemeral = {
      volumeId,
      targetPath,
      volumeCapability: mount,
      volumeContext: { 'csi.storage.k8s.io/ephemeral': 'true', 'csi.storage.k8s.io/pod.name': 'scratch' },
    };
    await plugin.node.nodePublishVolume(ephemeral);
    await writeThrough(node, targetPath, 'hello');

    // A crash, and the container starts again: the mount is the node's, and stays.
    await first.stop('SIGKILL');
    const second = await startPlugin(node, container);
    await expect.poll(() => kubelet.plugins.get(file)).toBeDefined();
    await plugin.ready({ timeoutMs: 10_000 });
    await plugin.node.nodePublishVolume(ephemeral);
    expect(await node.onNode('cat', join(node.pathOf(targetPath), 'greeting'))).toBe('hello\n');
    const metrics = await probe(node, container, container.livenessProbe, '/metrics');
    expect(metrics).toMatch(/csi_plugin_operations_seconds_count\{.*NodePublishVolume",grpc_status_code="OK"\} 1/);
    await plugin.node.nodeUnpublishVolume({ volumeId, targetPath });
    await expect(node.onNode('ls', node.pathOf(targetPath))).rejects.toThrow('No such file');
    expect(readdirSync(node.pathOf(`${STATE}/volumes`)).filter((name) => !name.startsWith('.'))).toEqual([]);

    expect(await second.stop('SIGTERM')).toBe(0);
    expect(readdirSync(node.pathOf('/var/lib/kubelet/plugins_registry'))).toEqual([]);
    expect(readdirSync(node.pathOf(`/var/lib/kubelet/plugins/${DRIVER}`))).toEqual([]);
    await expect.poll(() => kubelet.plugins.size).toBe(0);
  });
});

describe('the deployment with sidecars', { timeout: 120_000 }, () => {
  const deployment = new Deployment('with-sidecars');
  const container = deployment.container('hostpath');

  /** A sidecar with another program: a module that has the toolkit as `csi`. */
  function runSidecar(node: NodeSandbox, name: string, program: string): ContainerRun {
    const text = `import * as csi from '${TOOLKIT}';\n${program}`;
    const command = ['node', '--input-type=module', '--eval', text];
    return node.run(deployment.container(name), image, command);
  }

  it('lets its sidecars in by their group, and the kubelet publish what they made', async (context) => {
    needsContainers(context);
    await using node = await NodeSandbox.start(deployment);
    const kubelet = new Kubelet(node.pathOf('/var/lib/kubelet/plugins_registry')).start();
    onTestFinished(() => kubelet.stop());
    const run = await startPlugin(node, container);
    expect(await probe(node, container, container.readinessProbe)).toMatch(/^200 /);

    // node-driver-registrar: root without privileges.
    const registrar = deployment.container('node-driver-registrar');
    const registered = optionOf(registrar, '--kubelet-registration-path').replace('$(POD_UID)', NodeSandbox.POD_UID);
    const registering = runSidecar(
      node,
      registrar.name,
      `const plugin = await csi.connectPlugin(${JSON.stringify(socketOf(registrar))});
       const { name } = plugin;
       const options = { name, endpoint: ${JSON.stringify(registered)}, registryFolder: '/registration' };
       const registration = await csi.registerPlugin(options);
       process.once('SIGTERM', () => Promise.all([registration.close(), plugin.close()]));`,
    );
    await expect
      .poll(() => kubelet.plugins.get(`${DRIVER}-reg.sock`), { timeout: 20_000 })
      .toMatchObject({ name: DRIVER, endpoint: registered });

    // csi-provisioner: a user of its own, who has nothing but the group.
    const provisioner = deployment.container('csi-provisioner');
    const provisioning = runSidecar(
      node,
      provisioner.name,
      `const plugin = await csi.connectPlugin(${JSON.stringify(socketOf(provisioner))});
       const volumeCapabilities = [{ accessType: { $case: 'mount', value: {} }, accessMode: { mode: 1 } }];
       const { volume } = await plugin.controller.createVolume({ name: 'pvc-1', volumeCapabilities });
       await plugin.controller.controllerPublishVolume({
         ...{ volumeId: volume.volumeId, nodeId: plugin.nodeInfo.nodeId, volumeCapability: volumeCapabilities[0] },
       });
       console.log(JSON.stringify({ uid: process.getuid(), volumeId: volume.volumeId, topology: volume.accessibleTopology }));
       await plugin.close();
       const { unlinkSync } = await import('node:fs');
       try { unlinkSync('/csi/csi.sock'); } catch ({ code }) { console.log(code); }`,
    );
    expect(await provisioning.ended(), provisioning.lines.join('\n')).toBe(0);
    const [made = '', ...more] = provisioning.lines;
    const { uid, volumeId, topology } = JSON.parse(made) as { uid: number; volumeId: string; topology: unknown };
    expect([uid, topology]).toEqual([65_532, [{ segments: { [`topology.${DRIVER}/node`]: NodeSandbox.NAME } }]]);
    expect(more).toEqual(['EROFS']);

    // The kubelet, by the path that was registered.
    const plugin = await dial(node, registered);
    const stagingTargetPath = `/var/lib/kubelet/plugins/kubernetes.io/csi/${DRIVER}/0123/globalmount`;
    await node.onNode('mkdir', '-p', node.pathOf(stagingTargetPath));
    const targetPath = await makeTarget(node, 'pvc-1');
    const volume = { volumeId, volumeCapability: mount, stagingTargetPath };
    await plugin.node.nodeStageVolume(volume);
    await plugin.node.nodePublishVolume({ ...volume, targetPath });
    await writeThrough(node, targetPath, 'hello');
    expect(readFileSync(node.pathOf(`${STATE}/volumes/${volumeId}/greeting`), 'utf8')).toBe('hello\n');
    await plugin.node.nodeUnpublishVolume({ volumeId, targetPath });
    await plugin.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    await plugin.controller.controllerUnpublishVolume({ volumeId, nodeId: NodeSandbox.NAME });
    await plugin.controller.deleteVolume({ volumeId });

    await plugin.close();
    expect(await registering.stop('SIGTERM'), registering.lines.join('\n')).toBe(0);
    await expect.poll(() => kubelet.plugins.size).toBe(0);
    expect(await run.stop('SIGTERM')).toBe(0);
  });

  it('shows block volumes, whose loop devices the node sees', async (context) => {
    needsContainers(context);
    await using node = await NodeSandbox.start(deployment);
    const run = await startPlugin(node, container);
    const socket = `/var/lib/kubelet/pods/${NodeSandbox.POD_UID}/volumes/kubernetes.io~empty-dir/csi/csi.sock`;
    const plugin = await dial(node, socket);
    const block: VolumeCapability = { accessType: { $case: 'block', value: {} }, accessMode };
    const { volume } = await plugin.controller.createVolume({
      ...{ name: 'block', volumeCapabilities: [block], capacityRange: { requiredBytes: 1n << 20n } },
    });
    const volumeId = volume!.volumeId;
    const folder = '/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices';
    const stagingTargetPath = `${folder}/staging/pvc-2`;
    const targetPath = `${folder}/publish/pvc-2`;
    for (const path of [stagingTargetPath, dirname(targetPath)]) await node.onNode('mkdir', '-p', node.pathOf(path));
    const request = { volumeId, volumeCapability: block, stagingTargetPath };
    await plugin.node.nodeStageVolume(request);
    await plugin.node.nodePublishVolume({ ...request, targetPath });
    expect(await node.onNode('stat', '--format=%F', node.pathOf(targetPath))).toBe('block special file\n');
    await plugin.node.nodeUnpublishVolume({ volumeId, targetPath });
    await plugin.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    await plugin.controller.deleteVolume({ volumeId });
    await plugin.close();
    expect(await run.stop('SIGTERM')).toBe(0);
  });
});
