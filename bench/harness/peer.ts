import type { WarmUp } from './warm-up.js';

/** What `--call` of a client program may be; README.md says what each does. */
export type Call =
  | 'unary'
  | 'create-volume'
  | 'list-volumes'
  | 'server-stream'
  | 'client-stream'
  | 'ping-pong'
  | 'connect'
  | 'describe';

/** Where a peer builds. */
export interface BuildPlace {
  /** The peer's folder in the repository. */
  readonly source: string;
  /** A folder of its own, kept from run to run. */
  readonly output: string;
  /** The repository. */
  readonly root: string;
}

/** Two programs as command lines, to which the options are appended. */
export interface BuiltPeer {
  /** Of the library and, where it matters, of what it runs on: `1.51.1 (Debian 12)`. */
  readonly version: string;
  readonly server?: readonly string[];
  readonly client?: readonly string[];
  /** Programs for the scenario "import and first call", if they are others than `server` and `client`. */
  readonly firstServer?: readonly string[];
  readonly firstClient?: readonly string[];
  /** Default: the usual one. */
  readonly warmUp?: WarmUp | undefined;
  /** Calls that the programs do not have. */
  readonly lacks?: readonly Call[];
}

/** Why a peer cannot be built here. */
export interface MissingPeer {
  readonly missing: string;
}

/** One library to compare with. */
export interface Peer {
  readonly name: string;
  /** @throws Error if the toolchain is there and the build fails. */
  build(place: BuildPlace): Promise<BuiltPeer | MissingPeer>;
}
