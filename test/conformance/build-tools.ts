import path from 'node:path';
import { buildGoTools } from './build-go-tools.js';

const module = path.join(import.meta.dirname, 'tools');
const binaries = path.join(import.meta.dirname, '.cache/tools');

/** The public programs, built: paths of their executables, and which they are. */
export interface Tools {
  readonly h2spec: string;
  /** grpc-go's own interop client; its own interop service behind a small program of ours. */
  readonly grpcGoClient: string;
  readonly grpcGoServer: string;
  readonly h2specVersion: string;
  readonly grpcGoVersion: string;
}

/** Builds what `tools/go.mod` pins, or takes what is built already. */
export async function buildTools(): Promise<Tools> {
  const tools = await buildGoTools(module, binaries, './server');
  return {
    h2spec: tools.program('h2spec'),
    grpcGoClient: tools.program('client'),
    grpcGoServer: tools.program('server'),
    h2specVersion: tools.versionOf('github.com/summerwind/h2spec'),
    grpcGoVersion: tools.versionOf('google.golang.org/grpc'),
  };
}
