/*
 * A controller that is started, loaded and ready, when `start` comes. It does as it is told over IPC, and prints `+ method`
 * when an operation begins and `- method` when it has succeeded.
 */
import { writeSync } from 'node:fs';
import {
  type ControllerOptions,
  createController,
  type SnapshotSpec,
  type VolumeSpec,
} from '../../../src/csi/index.js';

export type ControllerCommand =
  | { readonly setVolume: string; readonly spec: VolumeSpec }
  | { readonly setSnapshot: string; readonly spec: SnapshotSpec }
  | { readonly deleteVolume: string }
  | { readonly deleteSnapshot: string }
  | { readonly settled: true }
  | { readonly volumeIds: true };

export interface ControllerRequest {
  readonly id: number;
  readonly command: ControllerCommand;
}

process.once('message', async (options: ControllerOptions) => {
  const controller = await createController(options);
  void (async () => {
    for await (const event of controller.events()) {
      if (event.type === 'operationStarted') writeSync(1, `+ ${event.method}\n`);
      if (event.type === 'operationSucceeded') writeSync(1, `- ${event.method}\n`);
      if (event.type === 'internalError') writeSync(1, `! ${event.error.stack}\n`);
      if (process.env.PODWIRE_FAULTS_VERBOSE) {
        const { error, ...rest } = event as typeof event & { error?: Error };
        writeSync(2, `${process.pid} ${JSON.stringify(rest)} ${error?.message ?? ''}\n`);
      }
    }
  })();

  async function obey(command: ControllerCommand): Promise<unknown> {
    if ('setVolume' in command) return controller.volumes.set(command.setVolume, command.spec);
    if ('setSnapshot' in command) return controller.snapshots.set(command.setSnapshot, command.spec);
    if ('deleteVolume' in command) return controller.volumes.delete(command.deleteVolume);
    if ('deleteSnapshot' in command) return controller.snapshots.delete(command.deleteSnapshot);
    if ('settled' in command) return controller.settled({ signal: AbortSignal.timeout(60_000) });
    return controller.volumes.list().map(({ name, volumeId }) => [name, volumeId]);
  }

  process.on('message', async ({ id, command }: ControllerRequest) => {
    try {
      process.send!({ id, value: await obey(command) });
    } catch (error) {
      process.send!({ id, error: (error as Error).message });
    }
  });
  process.send!('ready');
});
// A parent that is gone leaves nothing behind.
process.once('disconnect', () => process.exit());
process.send!('loaded');
