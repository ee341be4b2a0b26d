import type { OperationMethod } from './operation-method.js';

export interface ControllerObjectEvent {
  readonly kind: 'volume' | 'snapshot';
  /** Of the object. */
  readonly name: string;
}

export interface ControllerOperationEvent extends ControllerObjectEvent {
  readonly method: OperationMethod;
  /** Of node calls: where. */
  readonly path?: string;
}

/** What happens in a controller. */
export type ControllerEvent =
  | ({ readonly type: 'operationStarted' } & ControllerOperationEvent)
  | ({ readonly type: 'operationSucceeded'; readonly durationMs: number } & ControllerOperationEvent)
  | ({
      readonly type: 'operationFailed';
      readonly durationMs: number;
      readonly error: Error;
      /** How often in a row. */
      readonly attempts: number;
      /** Infinity: not before the plugin is connected anew, or something else is desired. */
      readonly retryMs: number;
    } & ControllerOperationEvent)
  /** The object is as desired. */
  | ({ readonly type: 'ready' } & ControllerObjectEvent)
  /** The object is deleted, as desired. */
  | ({ readonly type: 'gone' } & ControllerObjectEvent)
  /** Nothing more can be done about the object until something changes; why is in its status. */
  | ({ readonly type: 'stuck' } & ControllerObjectEvent)
  | { readonly type: 'pluginReady'; readonly plugin: string; readonly version: string }
  | { readonly type: 'pluginLost'; readonly reason: string }
  /** Somebody is at the endpoint who cannot be used. */
  | { readonly type: 'pluginFailed'; readonly error: Error; readonly retryMs: number }
  | { readonly type: 'fileRead'; readonly file: string; readonly volumes: number; readonly snapshots: number }
  /** The file cannot be used; what was desired before stays. */
  | { readonly type: 'fileRefused'; readonly file: string; readonly error: Error }
  | {
      readonly type: 'resynced';
      /** Names of objects that the plugin does not have any more. */
      readonly missingVolumes: readonly string[];
      readonly missingSnapshots: readonly string[];
      /** How many the plugin has that are not this controller's. They are left alone. */
      readonly unknownVolumes: number;
      readonly unknownSnapshots: number;
    }
  | { readonly type: 'resyncFailed'; readonly error: Error }
  /** The store could not be written, or a callback threw. It is tried again. */
  | { readonly type: 'internalError'; readonly error: Error };
