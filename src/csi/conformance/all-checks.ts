import type { Check } from './check.js';
import { concurrencyChecks } from './checks/concurrency-checks.js';
import { crashChecks } from './checks/crash-checks.js';
import { healthChecks } from './checks/health-checks.js';
import { identityChecks } from './checks/identity-checks.js';
import { listChecks } from './checks/list-checks.js';
import { nodeChecks } from './checks/node-checks.js';
import { ruleChecks } from './checks/rule-checks.js';
import { snapshotChecks } from './checks/snapshot-checks.js';
import { snapshotMetadataChecks } from './checks/snapshot-metadata-checks.js';
import { volumeChecks } from './checks/volume-checks.js';

/** In the order in which they are made. */
export const allChecks: readonly Check[] = [
  ...identityChecks,
  ...ruleChecks,
  ...volumeChecks,
  ...listChecks,
  ...snapshotChecks,
  ...snapshotMetadataChecks,
  ...healthChecks,
  ...nodeChecks,
  ...concurrencyChecks,
  ...crashChecks,
];
