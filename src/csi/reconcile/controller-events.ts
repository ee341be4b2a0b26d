import { channel } from 'node:diagnostics_channel';
import type { EventChannel } from '../../socket/event-channel.js';
import type { Controller } from './controller.js';
import type { ControllerEvent } from './controller-event.js';

/** What happens to controllers: `controllerEvents.happened` is the channel `podwire:csi:controller`. */
export const controllerEvents = Object.freeze({
  happened: channel('podwire:csi:controller') as EventChannel<{
    readonly controller: Controller;
    readonly event: ControllerEvent;
  }>,
});
