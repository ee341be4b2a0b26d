export { createHostPathPlugin, type HostPathPlugin, type HostPathPluginOptions } from './create-host-path-plugin.js';
export type { HostPathLogger, HostPathOptions } from './host-path-options.js';
