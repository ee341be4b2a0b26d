import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { BenchProcess } from './bench-process.js';
import type { Figures } from './figures.js';
import { type WarmUp, warmUpSeconds } from './warm-up.js';

/** Options of a client program, as README.md has them. */
export interface LoadOptions {
  readonly call: string;
  readonly bytes?: number;
  readonly messages?: number;
  readonly inFlight?: number;
  readonly connections?: number;
  /** How much of the usual warm-up and measured time it gets; default 1. */
  readonly share?: number;
}

export interface LoadPrograms {
  readonly name: string;
  readonly warmUp?: WarmUp | undefined;
  readonly server: readonly string[];
  readonly client: readonly string[];
  /** Runs while the client measures. It gets `--endpoint` and says `attacking`. */
  readonly attacker?: readonly string[];
  /** Cores of the server. Default: its own one. */
  readonly serverCores?: string | undefined;
}

export interface BenchOptions {
  readonly root: string;
  /** For sockets. */
  readonly folder: string;
  readonly warmUp: number;
  readonly seconds: number;
  /** How many the scenario "memory per idle connection" opens. */
  readonly idleConnections: number;
  /** How many there are when the host-path plugin is asked for more. */
  readonly volumes: readonly number[];
  readonly cores: Cores;
}

/** As taskset takes them (`0`, `1-3`); undefined lets the system choose. */
export interface Cores {
  readonly client: string | undefined;
  readonly server: string | undefined;
  readonly attacker: string | undefined;
}

/** In seconds. */
export interface Times {
  readonly warmUp: number;
  readonly seconds: number;
}

/** Starts the programs of a measurement on their cores, and measures them. */
export class Bench {
  readonly options: BenchOptions;
  #sockets = 0;

  constructor(options: BenchOptions) {
    this.options = options;
  }

  /** One server for `use`, ended afterwards. */
  async withServer<Result>(
    name: string,
    command: readonly string[],
    use: (server: BenchProcess, endpoint: string) => Promise<Result>,
    cores: string | undefined = this.options.cores.server,
  ): Promise<Result> {
    const file = path.join(this.options.folder, `${++this.#sockets}.sock`);
    const endpoint = `unix://${file}`;
    const server = new BenchProcess(`${name}'s server`, [...command, `--endpoint=${endpoint}`], cores);
    try {
      await server.expect('listening', 20);
      return await use(server, endpoint);
    } finally {
      await server.stop();
      if (existsSync(file)) rmSync(file);
    }
  }

  /** One client against one server: what both needed between the client's `begin` and its `end`. */
  load(programs: LoadPrograms, options: LoadOptions): Promise<Figures> {
    const { name, server: command, client, attacker, serverCores } = programs;
    const times = this.timesOf(programs.warmUp, options.share);
    const use = async (server: BenchProcess, endpoint: string): Promise<Figures> => {
      const attacking = attacker && (await this.#attack(name, attacker, endpoint));
      const loading = new BenchProcess(
        `${name}'s client`,
        [...client, ...this.#options(endpoint, options, times)],
        this.options.cores.client,
      );
      try {
        return await this.#measure(server, loading, times);
      } finally {
        await loading.stop();
        await attacking?.stop();
      }
    };
    return this.withServer(name, command, use, serverCores);
  }

  /** Seconds of a measurement. */
  timesOf(kind?: WarmUp, share = 1): Times {
    const { warmUp, seconds } = this.options;
    return { warmUp: share * warmUpSeconds(warmUp, kind), seconds: share * seconds };
  }

  async #attack(name: string, command: readonly string[], endpoint: string): Promise<BenchProcess> {
    const attacker = new BenchProcess(
      `the attacker of ${name}`,
      [...command, `--endpoint=${endpoint}`],
      this.options.cores.attacker,
    );
    try {
      await attacker.expect('attacking', 20);
      return attacker;
    } catch (error) {
      await attacker.stop();
      throw error;
    }
  }

  async #measure(server: BenchProcess, client: BenchProcess, { warmUp, seconds }: Times): Promise<Figures> {
    // A thousand connections take a while.
    await client.expect('begin', warmUp * 5 + 60);
    const before = { server: server.cpuMicros(), client: client.cpuMicros() };
    await client.expect('end', seconds + 20);
    const serverTime = server.cpuMicros() - before.server;
    const clientTime = client.cpuMicros() - before.client;
    const peaks = { clientPeak: client.memoryBytes('peak'), serverPeak: server.memoryBytes('peak') };
    const result = JSON.parse(await client.line(30)) as { units: number; seconds: number; p50: number; p99: number };
    // Every worker has come to its end, but none within so short a time.
    if (result.units === 0) return { perSecond: 0, ...peaks };
    return {
      perSecond: result.units / result.seconds,
      p50: result.p50,
      p99: result.p99,
      clientCpu: clientTime / result.units,
      serverCpu: serverTime / result.units,
      cpu: (clientTime + serverTime) / result.units,
      ...peaks,
    };
  }

  #options(endpoint: string, load: LoadOptions, { warmUp, seconds }: Times): string[] {
    const { root } = this.options;
    return [
      `--endpoint=${endpoint}`,
      `--call=${load.call}`,
      `--bytes=${load.bytes ?? 0}`,
      `--messages=${load.messages ?? 1}`,
      `--in-flight=${load.inFlight ?? 1}`,
      `--connections=${load.connections ?? 1}`,
      `--warm-up=${warmUp}`,
      `--seconds=${seconds}`,
      `--request-file=${path.join(root, 'bench/messages/create-volume-request.binpb')}`,
    ];
  }
}
