export type { CheckResult } from './check-result.js';
export type { ConformanceOptions, TextMap } from './conformance-options.js';
export { type ConformanceCheck, listConformanceChecks } from './list-conformance-checks.js';
export { type ConformanceReport, runConformance } from './run-conformance.js';
