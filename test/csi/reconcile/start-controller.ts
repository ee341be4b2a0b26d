import { onTestFinished } from 'vitest';
import {
  type Controller,
  type ControllerEvent,
  type ControllerOptions,
  createController,
} from '../../../src/csi/index.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';

/** A controller that is quick to try again, until the test is over, with all that it tells. */
export async function startController(
  options: Partial<ControllerOptions> & { readonly endpoint: string },
): Promise<{ readonly controller: Controller; readonly events: ControllerEvent[] }> {
  const backoff = { firstMs: 5, longestMs: 50 };
  const controller = await createController({ stateFolder: temporaryFolder(), backoff, ...options });
  onTestFinished(() => controller.close());
  const events: ControllerEvent[] = [];
  void (async () => {
    for await (const event of controller.events()) events.push(event);
  })();
  return { controller, events };
}
