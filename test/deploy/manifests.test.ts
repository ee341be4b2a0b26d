import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Service, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { ClusterRoleBinding, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { describe, expect, it } from 'vitest';
import { Deployment, type Manifest, optionOf, readManifests, readResources, socketOf, variants } from './manifests.js';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const DRIVER = 'hostpath.csi.podwire';
const NAMESPACE = 'podwire-csi';
/** As long as those that Kubernetes gives. */
const POD_UID = '01234567-89ab-cdef-0123-456789abcdef';
const clusterWide = ['Namespace', 'CSIDriver', 'StorageClass', 'VolumeSnapshotClass', 'ClusterRole'].concat(
  'ClusterRoleBinding',
);

describe('the manifests', () => {
  it('have no field that Kubernetes does not know', { timeout: 180_000 }, () => {
    const modules: { readonly [apiVersion: string]: string } = {
      v1: 'core',
      'apps/v1': 'apps',
      'storage.k8s.io/v1': 'storage',
      'rbac.authorization.k8s.io/v1': 'rbac',
    };
    const lines: string[] = [];
    const unchecked: string[] = [];
    for (const folder of [...variants, 'examples']) {
      for (const object of [...readManifests(folder).values()].flat()) {
        const module = modules[object.apiVersion];
        // Those of custom resources are not part of Kubernetes.
        if (module === undefined) unchecked.push(object.kind);
        else {
          const type = `import('kubernetes-types/${module}/v1.js').${object.kind}`;
          lines.push(`export const object${lines.length}: ${type} = ${JSON.stringify(object, undefined, 1)};`);
        }
      }
    }
    expect(lines.length).toBeGreaterThan(20);
    expect(unchecked.sort()).toEqual(['VolumeSnapshot', 'VolumeSnapshotClass']);
    const folder = mkdtempSync(join(tmpdir(), 'podwire-manifests-'));
    try {
      symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck'];
      const check = (text: string): string => {
        writeFileSync(join(folder, 'manifests.ts'), text);
        const command = [join(repository, 'node_modules/typescript/bin/tsc'), ...options, 'manifests.ts'];
        try {
          return execFileSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
        } catch (error) {
          return (error as { stdout: string }).stdout;
        }
      };
      expect(check(lines.join('\n'))).toBe('');
      // Or it would find nothing at all.
      expect(check(lines.join('\n').replace('"mountPath"', '"mountpath"'))).toContain('mountpath');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('name the driver alike', () => {
    for (const variant of variants) {
      const deployment = new Deployment(variant);
      expect(deployment.kind<Manifest>('CSIDriver').map(({ metadata }) => metadata.name)).toEqual([DRIVER]);
      for (const { provisioner } of deployment.kind<StorageClass>('StorageClass')) expect(provisioner).toBe(DRIVER);
      for (const { driver } of deployment.kind<{ driver: string }>('VolumeSnapshotClass')) expect(driver).toBe(DRIVER);
      // It is the plugin's own default.
      expect(deployment.container('hostpath').args?.some((arg) => arg.startsWith('--name'))).toBe(false);
    }
  });

  it('have examples that use what is there', () => {
    const { objects } = new Deployment('with-sidecars');
    const examples = [...readManifests('examples').values()].flat();
    const text = JSON.stringify(examples);
    const classes = (kind: string): string[] =>
      objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name!);
    for (const [field, kind] of [
      ['storageClassName', 'StorageClass'],
      ['volumeSnapshotClassName', 'VolumeSnapshotClass'],
      ['driver', 'CSIDriver'],
    ] as const) {
      const used = [...text.matchAll(new RegExp(`"${field}":"([^"]+)"`, 'g'))].map(([, name]) => name);
      expect(used.length).toBeGreaterThan(0);
      expect(classes(kind)).toEqual(expect.arrayContaining(used));
    }
    const claims = examples.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    for (const [, claim] of text.matchAll(/"(?:claimName|persistentVolumeClaimName)":"([^"]+)"/g)) {
      expect(claims).toContain(claim);
    }
  });
});

describe.each(variants)('the deployment %s', (variant) => {
  const deployment = new Deployment(variant);
  const { containers, volumes, pod, workload, objects } = deployment;
  const plugin = deployment.container('hostpath');

  it('lists its files', () => {
    expect([...readResources(variant)].sort()).toEqual([...readManifests(variant).keys()].sort());
  });

  it('has each object once, in the namespace that it makes', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(deployment.kind<Manifest>('Namespace').map(({ metadata }) => metadata.name)).toEqual([NAMESPACE]);
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.namespace]).toEqual([kind, clusterWide.includes(kind) ? undefined : NAMESPACE]);
    }
  });

  it('has service accounts, roles and bindings that fit', () => {
    const account = deployment.kind<ServiceAccount>('ServiceAccount')[0]?.metadata;
    expect(pod.spec?.serviceAccountName).toBe(account?.name);
    const bound: string[] = [];
    for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
      for (const { roleRef, subjects } of deployment.kind<ClusterRoleBinding | RoleBinding>(kind)) {
        expect(roleRef.apiGroup).toBe('rbac.authorization.k8s.io');
        expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account?.name, namespace: account?.namespace }]);
        bound.push(`${roleRef.kind} ${roleRef.name}`);
      }
    }
    const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
    expect(bound.sort()).toEqual(roles.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort());
    // No sidecar, no permissions; then not even a token.
    expect(roles.length > 0).toBe(containers.length > 1);
    expect(pod.spec?.automountServiceAccountToken ?? true).toBe(containers.length > 1);
    // Nobody may do everything, and nobody reads secrets.
    const rules = JSON.stringify(roles);
    expect(rules).not.toMatch(/"\*"|secrets/);
  });

  it('selects its own pods', () => {
    expect(workload.spec?.selector.matchLabels).toEqual(pod.metadata?.labels);
    for (const { metadata, spec } of deployment.kind<Service>('Service')) {
      expect(spec?.selector).toEqual(pod.metadata?.labels);
      const ports = containers.flatMap((container) => container.ports ?? []).map(({ name }) => name);
      for (const { targetPort } of spec?.ports ?? []) expect(ports).toContain(targetPort);
      expect(metadata?.name).toBe((workload.spec as { serviceName?: string }).serviceName);
    }
  });

  it('mounts volumes that are there, and all of them', () => {
    const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
    expect([...new Set(mounted)].sort()).toEqual(volumes.map(({ name }) => name).sort());
    for (const { name, volumeMounts = [] } of containers) {
      const paths = volumeMounts.map(({ mountPath }) => mountPath);
      expect([name, new Set(paths).size]).toEqual([name, paths.length]);
    }
  });

  it('knows the variables that its arguments name', () => {
    for (const { args = [], env = [] } of containers) {
      for (const [, variable] of args.join(' ').matchAll(/\$\((\w+)\)/g)) {
        expect(env.map(({ name }) => name)).toContain(variable);
      }
    }
  });

  it('has one CSI socket, which all containers find and the kubelet too', () => {
    const [first, ...others] = containers.map((container) => deployment.locate(container, socketOf(container)));
    for (const other of others) expect(other).toEqual(first);
    const { volume, file } = first!;
    const registrar = containers.find(({ name }) => name === 'node-driver-registrar') ?? plugin;
    const registered = optionOf(registrar, '--kubelet-registration-path').replace('$(POD_UID)', POD_UID);
    const folder =
      volume.hostPath?.path ?? `/var/lib/kubelet/pods/${POD_UID}/volumes/kubernetes.io~empty-dir/${volume.name}`;
    expect(registered).toBe(`${folder}/${file}`);
    // unix(7): a path ends with NUL within 108.
    expect(Buffer.byteLength(registered)).toBeLessThanOrEqual(107);
  });

  it('registers where the kubelet looks', () => {
    const registrar = containers.find(({ name }) => name === 'node-driver-registrar');
    // node-driver-registrar has it there and nowhere else.
    const folder = registrar === undefined ? optionOf(plugin, '--plugins-registry') : '/registration';
    const { volume } = deployment.locate(registrar ?? plugin, `${folder}/x`);
    expect(volume.hostPath?.path).toBe('/var/lib/kubelet/plugins_registry');
  });

  it('shows the kubelet’s folders to the plugin under their own paths, and its mounts to the kubelet', () => {
    const shared = (plugin.volumeMounts ?? []).filter(({ mountPropagation }) => mountPropagation === 'Bidirectional');
    expect(shared.map(({ mountPath }) => mountPath)).toEqual(['/var/lib/kubelet/pods', '/var/lib/kubelet/plugins']);
    for (const { name, mountPath } of shared) expect(deployment.volume(name).hostPath?.path).toBe(mountPath);
  });

  it('gives privileges to what mounts, and to nothing else', () => {
    for (const { name, securityContext = {}, volumeMounts = [], resources } of containers) {
      const mounts = volumeMounts.some(({ mountPropagation }) => mountPropagation === 'Bidirectional');
      expect([name, securityContext.privileged ?? false]).toEqual([name, mounts]);
      expect([name, securityContext.readOnlyRootFilesystem]).toEqual([name, true]);
      expect(resources?.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      if (mounts) continue;
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      // Of those without privileges only node-driver-registrar is root: it writes into a folder of root's.
      const root = name === 'node-driver-registrar';
      expect([name, securityContext.runAsNonRoot ?? false]).toEqual([name, !root]);
      expect([name, securityContext.runAsUser]).toEqual([name, root ? 0 : 65_532]);
      // They connect, and can put nothing into the socket's place.
      const socket = volumeMounts.find(({ mountPath }) => socketOf(deployment.container(name)).startsWith(mountPath));
      if (!root) expect([name, socket?.readOnly]).toEqual([name, true]);
    }
  });

  it('lets those who are not root connect by their group', () => {
    const others = containers.filter(({ securityContext }) => securityContext?.runAsUser !== 0);
    if (others.length === 0) {
      expect(plugin.args?.filter((arg) => /^--(mode|group)=/.test(arg))).toEqual([]);
      return;
    }
    expect(optionOf(plugin, '--group')).toBe(String(pod.spec?.securityContext?.fsGroup));
    expect(optionOf(plugin, '--mode')).toBe('0660');
  });

  it('asks for health where somebody answers', () => {
    const ports = new Map((plugin.ports ?? []).map(({ name, containerPort }) => [name, containerPort]));
    const served = new Map([[Number(optionOf(plugin, '--http-endpoint').slice(1)), 'hostpath']]);
    for (const container of containers) {
      if (container.name === 'livenessprobe') served.set(Number(optionOf(container, '--health-port')), container.name);
    }
    const asked = [plugin.livenessProbe, plugin.readinessProbe].map((probe) => ({
      path: probe?.httpGet?.path,
      of: served.get(ports.get(String(probe?.httpGet?.port)) ?? 0),
    }));
    const alone = containers.length === 1;
    expect(asked).toEqual([
      { path: '/healthz', of: alone ? 'hostpath' : 'livenessprobe' },
      { path: '/readyz', of: 'hostpath' },
    ]);
    // The kubelet gives up after the probe of the plugin has.
    for (const probe of [plugin.livenessProbe, plugin.readinessProbe]) {
      expect(probe?.timeoutSeconds).toBeGreaterThan(3);
    }
  });

  it('runs the image of this version', () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
    expect(plugin.image).toBe(`podwire-csi-hostpath:${version}`);
    for (const { image } of containers) expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
  });
});
