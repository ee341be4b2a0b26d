import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = fileURLToPath(new URL('../../', import.meta.url));

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/**
 * What `docker build -f deploy/Dockerfile .` would give, without the base image, which cannot be had here: COPY and RUN are
 * done one by one, each stage in a folder of its own that begins empty, with this machine's Node, npm and shell and nothing
 * else of its PATH. Not tried: that the base image has the same, and the user of USER.
 */
export class ImageBuild implements AsyncDisposable {
  /** Folders of the stages, the last of which is the image's. */
  readonly #stages: { readonly name: string; readonly folder: string; workdir: string }[] = [];
  readonly #root = mkdtempSync(join(tmpdir(), 'podwire-image-'));
  readonly env: { [name: string]: string } = {};
  readonly baseImages: string[] = [];
  user = 'root';
  entrypoint: readonly string[] = [];
  command: readonly string[] = [];

  static async of(dockerfile: string): Promise<ImageBuild> {
    const build = new ImageBuild();
    // Processes of other users run what is in it.
    chmodSync(build.#root, 0o755);
    try {
      for (const instruction of parse(readFileSync(join(repository, dockerfile), 'utf8'))) await build.#do(instruction);
    } catch (error) {
      await build[Symbol.asyncDispose]();
      throw error;
    }
    return build;
  }

  /** Where a folder of the image is on this machine. */
  folderOf(path: string): string {
    return join(this.#stages.at(-1)!.folder, path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#root, { recursive: true, force: true });
  }

  async #do({ name, text }: Instruction): Promise<void> {
    const stage = this.#stages.at(-1);
    if (name === 'FROM') {
      const [, image = '', alias = ''] = /^(\S+)(?: AS (\w+))?$/.exec(text) ?? [];
      this.baseImages.push(image);
      const folder = join(this.#root, `stage-${this.#stages.length}`);
      mkdirSync(folder);
      this.#stages.push({ name: alias, folder, workdir: '/' });
    } else if (stage === undefined) {
      throw new Error(`${name} comes before FROM`);
    } else if (name === 'WORKDIR') {
      stage.workdir = text;
      mkdirSync(join(stage.folder, text), { recursive: true });
    } else if (name === 'COPY') {
      this.#copy(text, join(stage.folder, stage.workdir));
    } else if (name === 'RUN') {
      await this.#run(text, join(stage.folder, stage.workdir));
    } else if (name === 'ENV') {
      const [, variable = '', value = ''] = /^(\w+)=(\S+)$/.exec(text) ?? [];
      this.env[variable] = value;
    } else if (name === 'USER') {
      this.user = text;
    } else if (name === 'ENTRYPOINT') {
      this.entrypoint = JSON.parse(text) as string[];
    } else if (name === 'CMD') {
      this.command = JSON.parse(text) as string[];
    } else {
      throw new Error(`${name} is not known here: ${text}`);
    }
  }

  /** As Docker does: a file keeps its name, of a folder the content is copied. */
  #copy(text: string, workdir: string): void {
    const [, from, rest = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(text) ?? [];
    const source = from === undefined ? repository : this.#stages.find(({ name }) => name === from)?.folder;
    if (source === undefined) throw new Error(`there is no stage ${from}`);
    const paths = rest.split(' ');
    const target = paths.pop()!;
    for (const path of paths) {
      const isFolder = statSync(join(source, path)).isDirectory();
      const to = isFolder || !target.endsWith('/') ? join(workdir, target) : join(workdir, target, basename(path));
      cpSync(join(source, path), to, { recursive: true });
    }
  }

  async #run(command: string, cwd: string): Promise<void> {
    const home = mkdtempSync(join(this.#root, 'home-'));
    const PATH = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
    const { NODE_EXTRA_CA_CERTS } = process.env;
    const env = { PATH, HOME: home, ...(NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS }), ...this.env };
    try {
      await promisify(execFile)('/bin/sh', ['-c', command], { cwd, env, maxBuffer: 1 << 24 });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`RUN ${command}\n${stdout}\n${stderr}`, { cause: error });
    }
    await rm(home, { recursive: true, force: true });
  }
}

function parse(dockerfile: string): Instruction[] {
  return dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (name === '') throw new Error(`this is no instruction: ${line}`);
      return { name, text };
    });
}
