import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ControllerDefinition, SnapshotMetadataDefinition } from '../../../gen/csi/v1/csi.js';
import { type MeasureCallsOptions, measureCalls } from '../../../src/csi/observe/measure-calls.js';
import { Code, createClient, createServer, RpcError } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

function start(
  plugin: Registry | undefined,
  sidecar: Registry | undefined,
  options: Partial<MeasureCallsOptions> = {},
) {
  const server = createServer({
    interceptors: plugin === undefined ? [] : [measureCalls(plugin, { side: 'plugin', ...options })],
  });
  server.addPartial(ControllerDefinition, {
    async deleteVolume({ volumeId }) {
      const code = Number(volumeId);
      if (code !== 0) throw new RpcError(code as Code, 'as asked');
      return {};
    },
  });
  server.addPartial(SnapshotMetadataDefinition, {
    async *getMetadataAllocated() {
      yield {};
      yield {};
    },
  });
  const interceptors = sidecar === undefined ? [] : [measureCalls(sidecar, { side: 'sidecar', ...options })];
  const channel = createInProcessChannel(server, { interceptors });
  return {
    controller: createClient(ControllerDefinition, channel),
    metadata: createClient(SnapshotMetadataDefinition, channel),
  };
}

/** The lines of the exposition with the number of calls. */
async function counts(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.includes('_count{'));
}

describe('measured calls', () => {
  it('have the name, labels and buckets of csi-lib-utils, on either side', async () => {
    const plugin = new Registry();
    const sidecar = new Registry();
    const { controller } = start(plugin, sidecar, { driverName: 'csi.example.com' });
    await controller.deleteVolume({ volumeId: '0' });
    for (const [registry, name] of [
      [plugin, 'csi_plugin_operations_seconds'],
      [sidecar, 'csi_sidecar_operations_seconds'],
    ] as const) {
      const labels =
        'driver_name="csi.example.com",method_name="/csi.v1.Controller/DeleteVolume",grpc_status_code="OK"';
      const text = await registry.metrics();
      expect(text).toContain(`# TYPE ${name} histogram`);
      expect(text).toContain(`${name}_count{${labels}} 1`);
      const bounds = [...text.matchAll(/_bucket\{le="([^"]+)"/g)].map(([, bound]) => bound);
      expect(bounds.join(' ')).toBe('0.1 0.25 0.5 1 2.5 5 10 15 25 50 120 300 600 +Inf');
    }
  });

  it('have the names of codes that Go prints', async () => {
    const plugin = new Registry();
    const { controller } = start(plugin, undefined);
    const failing = Object.values(Code).filter((code) => code !== Code.OK);
    for (const code of failing) await expect(controller.deleteVolume({ volumeId: String(code) })).rejects.toThrow();
    const names = (await counts(plugin)).map((line) => /grpc_status_code="(\w+)"/.exec(line)?.[1]);
    expect(names.join(' ')).toBe(
      'Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted ' +
        'FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated',
    );
  });

  it('may learn the name of the driver later', async () => {
    const sidecar = new Registry();
    let driverName: string | undefined;
    const { controller } = start(undefined, sidecar, { driverName: () => driverName });
    await controller.deleteVolume({ volumeId: '0' });
    driverName = 'csi.example.com';
    await controller.deleteVolume({ volumeId: '0' });
    const names = (await counts(sidecar)).map((line) => /driver_name="([^"]+)"/.exec(line)?.[1]);
    expect(names).toEqual(['unknown-driver', 'csi.example.com']);
  });

  it('count a stream once, when it ends', async () => {
    const plugin = new Registry();
    const sidecar = new Registry();
    const { metadata } = start(plugin, sidecar);
    for await (const _ of metadata.getMetadataAllocated({})) expect(await counts(sidecar)).toEqual([]);
    for (const registry of [plugin, sidecar]) {
      const [line, ...more] = await counts(registry);
      expect(line).toMatch(/GetMetadataAllocated",grpc_status_code="OK"\} 1$/);
      expect(more).toEqual([]);
    }
  });

  it('of several channels are in one histogram', async () => {
    const sidecar = new Registry();
    await start(undefined, sidecar).controller.deleteVolume({ volumeId: '0' });
    await start(undefined, sidecar).controller.deleteVolume({ volumeId: '0' });
    expect(await counts(sidecar)).toEqual([expect.stringMatching(/ 2$/)]);
  });

  it('are of one side', () => {
    expect(() => measureCalls(new Registry(), { side: 'both' as never })).toThrow("side is 'sidecar' or 'plugin'");
  });
});
