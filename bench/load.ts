import type { EchoClient, Scenario } from './scenario.js';

/** What one client process measured. */
export interface LoadResult {
  readonly unitsPerSecond: number;
  /** Of one operation, in microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** User and system time of the client for one unit, in microseconds. */
  readonly cpuPerUnit: number;
  readonly units: number;
}

/** Runs a scenario for `seconds` after `warmUp` seconds, with as many operations in flight as it wants. */
export async function runLoad(
  client: EchoClient,
  scenario: Scenario,
  warmUp: number,
  seconds: number,
): Promise<LoadResult> {
  await drive(client, scenario, warmUp);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const latencies = await drive(client, scenario, seconds);
  const elapsed = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const units = latencies.length * scenario.unitsPerOperation;
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] * 1_000;
  return {
    unitsPerSecond: units / elapsed,
    p50: quantile(0.5),
    p99: quantile(0.99),
    cpuPerUnit: (user + system) / units,
    units,
  };
}

/** @returns the latency of every operation, in milliseconds. */
async function drive(client: EchoClient, scenario: Scenario, seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const until = performance.now() + seconds * 1_000;
  const worker = async (): Promise<void> => {
    for (let now = performance.now(); now < until; ) {
      await scenario.operation(client);
      const after = performance.now();
      latencies.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: scenario.inFlight }, worker));
  return latencies;
}
