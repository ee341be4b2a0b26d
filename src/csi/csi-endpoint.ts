const DEFAULT_ENDPOINT = 'unix:///run/csi/socket';

/**
 * Where a CSI plugin listens, and its callers dial: the environment variable CSI_ENDPOINT, by which the specification
 * has it said, in any spelling of an endpoint; `unix:///run/csi/socket` when it is missing or empty.
 */
export function csiEndpoint(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.CSI_ENDPOINT || DEFAULT_ENDPOINT;
}
