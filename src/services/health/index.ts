export { addHealth } from './add-health.js';
export type { Health, ServingStatus } from './health.js';
