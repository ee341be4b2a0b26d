import type { AnyMessageType, ServiceDefinition } from './service-definition.js';

/** A method with everything that does not change from call to call worked out once; servers and clients share it. */
export interface CompiledMethod {
  /** The name in TypeScript: `describe`. */
  readonly key: string;
  /** `/podinfo.v1.PodInfo/Describe`, the `:path` of its calls. */
  readonly path: string;
  /** `podinfo.v1.PodInfo/Describe`, its name in errors and logs. */
  readonly fullName: string;
  /** `podinfo.v1.PodInfo` */
  readonly service: string;
  /** `Describe` */
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestType: AnyMessageType;
  readonly responseType: AnyMessageType;
  /** Declared IDEMPOTENT or NO_SIDE_EFFECTS: may be sent again when it is not known whether it ran. */
  readonly idempotent: boolean;
}

/** The methods of a definition, in its order. */
export function compileService(definition: ServiceDefinition): CompiledMethod[] {
  return Object.entries(definition.methods).map(([key, method]) => {
    const fullName = `${definition.fullName}/${method.name}`;
    return {
      key,
      path: `/${fullName}`,
      fullName,
      service: definition.fullName,
      name: method.name,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestType: method.requestType,
      responseType: method.responseType,
      idempotent: method.options.idempotencyLevel !== undefined,
    };
  });
}
