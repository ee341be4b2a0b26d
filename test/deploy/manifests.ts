import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DaemonSet, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Container, PodTemplateSpec, Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));

/** Any object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** The folders with a deployment each. */
export const variants = ['with-sidecars', 'alone'] as const;
export type Variant = (typeof variants)[number];

/** All objects of a folder below deploy/kubernetes/, by file. */
export function readManifests(folder: string): Map<string, Manifest[]> {
  const files = readdirSync(join(root, folder)).filter((file) => file !== 'kustomization.yaml');
  return new Map(files.map((file) => [file, readFile(join(folder, file))]));
}

/** What kustomization.yaml lists. */
export function readResources(variant: Variant): readonly string[] {
  const [kustomization] = readFile(join(variant, 'kustomization.yaml'));
  return (kustomization as unknown as { readonly resources: string[] }).resources;
}

function readFile(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(root, path), 'utf8'), { strict: true, uniqueKeys: true }).map(
    (document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest;
    },
  );
}

/** One deployment, and its pod. */
export class Deployment {
  readonly variant: Variant;
  readonly objects: readonly Manifest[];
  readonly workload: StatefulSet | DaemonSet;
  readonly pod: PodTemplateSpec;

  constructor(variant: Variant) {
    this.variant = variant;
    this.objects = [...readManifests(variant).values()].flat();
    const workload = this.objects.find(({ kind }) => kind === 'StatefulSet' || kind === 'DaemonSet');
    if (workload === undefined) throw new Error(`${variant} runs nothing`);
    this.workload = workload as StatefulSet | DaemonSet;
    this.pod = this.workload.spec!.template;
  }

  /** All objects of a kind. */
  kind<Type extends Manifest | object>(kind: string): Type[] {
    return this.objects.filter((object) => object.kind === kind) as Type[];
  }

  get containers(): readonly Container[] {
    return this.pod.spec!.containers;
  }

  get volumes(): readonly Volume[] {
    return this.pod.spec!.volumes ?? [];
  }

  container(name: string): Container {
    return this.containers.find((container) => container.name === name) ?? fail(`there is no container ${name}`);
  }

  volume(name: string): Volume {
    return this.volumes.find((volume) => volume.name === name) ?? fail(`there is no volume ${name}`);
  }

  /** Where a path of a container is: in which volume, and where there. */
  locate(container: Container, path: string): { readonly volume: Volume; readonly file: string } {
    const mount = (container.volumeMounts ?? [])
      .filter(({ mountPath }) => path.startsWith(`${mountPath}/`))
      .sort((a: VolumeMount, b: VolumeMount) => b.mountPath.length - a.mountPath.length)[0];
    if (mount === undefined) return fail(`${path} of ${container.name} is on no volume`);
    return { volume: this.volume(mount.name), file: path.slice(mount.mountPath.length + 1) };
  }
}

/** The value of an option `--name=value`. */
export function optionOf({ name, args = [] }: Container, option: string): string {
  const found = args.find((arg) => arg.startsWith(`${option}=`));
  return found?.slice(option.length + 1) ?? fail(`the container ${name} has no ${option}`);
}

/** `/csi/csi.sock` of `unix:///csi/csi.sock` or `/csi/csi.sock`: where a container serves or dials CSI. */
export function socketOf(container: Container): string {
  const option = (container.args ?? []).includes('hostpath') ? '--endpoint' : '--csi-address';
  return optionOf(container, option).replace(/^unix:\/\//, '');
}

function fail(message: string): never {
  throw new Error(message);
}
