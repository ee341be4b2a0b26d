/** One operation of a worker. Calls `lap` once or more; each lap is measured from the one before. */
export type Operation = (lap: () => void) => Promise<void>;

/** What a client measured between `begin` and `end`. */
export interface Load {
  /** Laps that ended. */
  readonly laps: number;
  readonly seconds: number;
  /** Of a lap, in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadOptions {
  /**
   * Seconds of processor time, so that on a busy machine, too, the code is compiled when the measured time begins; in
   * real time at least as long, and at most five times.
   */
  readonly warmUp: number;
  /** Of real time. */
  readonly seconds: number;
  /** Told when the measured time begins and ends; the workers run on meanwhile. */
  readonly onMark: (mark: 'begin' | 'end') => void;
}

/** Runs each operation again and again: one worker an operation. */
export async function runLoad(operations: readonly Operation[], options: LoadOptions): Promise<Load> {
  const latencies = new Latencies();
  let measuring = false;
  let stopped = false;

  async function work(operation: Operation): Promise<void> {
    let began = performance.now();
    const lap = (): void => {
      const now = performance.now();
      if (measuring) latencies.add(now - began);
      began = now;
    };
    while (!stopped) {
      began = performance.now();
      await operation(lap);
    }
  }

  async function mark(): Promise<number> {
    await warmUp(options.warmUp);
    const began = performance.now();
    measuring = true;
    options.onMark('begin');
    await after(options.seconds);
    const ended = performance.now();
    measuring = false;
    options.onMark('end');
    stopped = true;
    return (ended - began) / 1_000;
  }

  const [seconds] = await Promise.all([mark(), ...operations.map(work)]);
  return { laps: latencies.count, seconds, p50: latencies.quantile(0.5), p99: latencies.quantile(0.99) };
}

/** Numbers without an object for each: a run collects more than a million. */
class Latencies {
  count = 0;
  #milliseconds = new Float64Array(1 << 16);
  #sorted = false;

  add(milliseconds: number): void {
    if (this.count === this.#milliseconds.length) {
      const larger = new Float64Array(this.count * 2);
      larger.set(this.#milliseconds);
      this.#milliseconds = larger;
    }
    this.#milliseconds[this.count++] = milliseconds;
  }

  /** In microseconds; 0 if there are none. */
  quantile(share: number): number {
    const all = this.#milliseconds.subarray(0, this.count);
    if (!this.#sorted) all.sort();
    this.#sorted = true;
    return (all[Math.floor(this.count * share)] ?? 0) * 1_000;
  }
}

async function warmUp(seconds: number): Promise<void> {
  const cpu = process.cpuUsage();
  const latest = performance.now() + seconds * 5_000;
  await after(seconds);
  for (;;) {
    const { user, system } = process.cpuUsage(cpu);
    if ((user + system) / 1_000_000 >= seconds || performance.now() >= latest) return;
    await after(seconds / 20);
  }
}

function after(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
