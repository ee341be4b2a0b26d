import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExampleProcess } from './example-process.js';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'podwire-')));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the plugin and the controller of the examples', () => {
  it('make what the file says, follow it, and go on where they were', async () => {
    const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
    const env = { CSI_ENDPOINT: endpoint };
    const file = join(folder, 'volumes.yaml');
    const shown = readFileSync(new URL('../../examples/csi/volumes.yaml', import.meta.url), 'utf8');
    writeFileSync(file, shown.replaceAll('/tmp/podwire-volumes', join(folder, 'targets')));
    const startPlugin = () => new ExampleProcess('csi/plugin.ts', ['--state', join(folder, 'plugin')], { env });
    const startController = () => {
      const args = ['--file', file, '--state', join(folder, 'controller')];
      return new ExampleProcess('csi/controller.ts', args, { env });
    };
    await using plugin = startPlugin();
    await plugin.printed(`hostpath.csi.podwire listens on ${endpoint}`);
    await using controller = startController();
    for (const name of ['data', 'copy']) await controller.printed(`volume ${name} is ready`);
    await controller.printed('snapshot nightly is ready');
    expect(readdirSync(join(folder, 'targets')).sort()).toEqual(['copy', 'data']);

    writeFileSync(file, 'volumes:\n  data:\n    sise: 64Mi\n');
    await controller.printed('volumes.yaml:3:5: volumes.data.sise: is not known here; write size');
    expect(readdirSync(join(folder, 'targets')).sort()).toEqual(['copy', 'data']);

    expect(await plugin.stop('SIGKILL')).toBe('SIGKILL');
    await controller.printed('the plugin is gone');
    expect(await controller.stop(), controller.errors.join('\n')).toBe(0);

    writeFileSync(file, 'volumes: {}\n');
    await using second = startController();
    await using revived = startPlugin();
    for (const object of ['volume data', 'volume copy', 'snapshot nightly']) await second.printed(`${object} is gone`);
    expect(await second.stop('SIGINT')).toBe(0);
    expect(await revived.stop()).toBe(0);
    const left = ['targets', 'plugin/volumes', 'plugin/snapshots', 'controller/staging'];
    for (const place of left) {
      const entries = readdirSync(join(folder, place)).filter((name) => !name.startsWith('.'));
      expect(entries, place).toEqual([]);
    }
  });

  it('say what is missing', async () => {
    const env = { CSI_ENDPOINT: '' };
    const state = ['--state', join(folder, 'state')];
    const attempts = [
      [new ExampleProcess('csi/plugin.ts', state, { env }), 'give --endpoint, or set CSI_ENDPOINT; --help says more'],
      [
        new ExampleProcess('csi/plugin.ts', ['--endpoint', '@x'], { env }),
        "give --state, the plugin's own folder; --help says more",
      ],
      [
        new ExampleProcess('csi/controller.ts', [...state, '--endpoint', '@x'], { env }),
        'give --file, which says what is desired; --help says more',
      ],
    ] as const;
    for (const [example, message] of attempts) {
      expect(await example.ended()).toBe(1);
      expect(example.errors).toEqual([message]);
    }
  });

  it('do not start with a file that has mistakes', async () => {
    const file = join(folder, 'volumes.yaml');
    writeFileSync(file, 'volumes:\n  data:\n    size: 64Mb\n    publish: [{ target: data }]\n');
    const args = ['--file', file, '--state', join(folder, 'state'), '--endpoint', '@x'];
    const example = new ExampleProcess('csi/controller.ts', args);
    expect(await example.ended()).toBe(1);
    expect(example.errors[0]).toContain('volumes.yaml:3:5: volumes.data.size: "64Mb" is no size');
  });
});
