import { expect, it } from 'vitest';
import { parseDesiredFile } from '../../../src/csi/reconcile/parse-desired-file.js';

const mistakes = async (text: string) => {
  const { message } = (await parseDesiredFile(text, 'f.yaml').catch((error) => error)) as Error;
  return message.split('\n');
};

it('reads volumes and snapshots with their defaults', async () => {
  const text = 'volumes:\n  a: {}\n  b: { size: 64Mi, publish: [{ target: /b }] }\nsnapshots:\n  s: { of: a }\n';
  const { volumes, snapshots } = await parseDesiredFile(text, 'f.yaml');
  expect(volumes).toMatchObject([
    { id: 'a', requiredBytes: 0n, access: 'mount', accessMode: 'SINGLE_NODE_WRITER', publications: [] },
    { id: 'b', requiredBytes: 67_108_864n, publications: [{ target: '/b', node: undefined, readonly: false }] },
  ]);
  expect(snapshots).toEqual([{ id: 's', of: 'a', parameters: {} }]);
});

it('names all mistakes, each with its place', async () => {
  const text = [
    'volumes:',
    '  a:',
    '    size: 64Mb',
    '  b:',
    '    publish:',
    '      - target: /b',
    '      - target: b',
    '    parameters:',
    '      count: 5',
    'snapshots:',
    '  s:',
    '    from: a',
    'volume: {}',
  ].join('\n');
  expect(await mistakes(text)).toEqual(['f.yaml:13:1: volume: is not known here; write volumes']);
  expect(await mistakes(text.replace('\nvolume: {}', ''))).toEqual([
    'f.yaml:3:5: volumes.a.size: "64Mb" is no size: write bytes, or a text such as 64Mi, 1Gi or 1500M',
    'f.yaml:9:7: volumes.b.parameters.count: must be a text: put it in quotes',
    'f.yaml:12:5: snapshots.s.from: is not known here; there are of, parameters',
  ]);
  expect(await mistakes('volumes:\n  b:\n    publish:\n      - target: /b\n      - target: b')).toEqual([
    'f.yaml:5:9: volumes.b.publish[1].target: must be an absolute path',
  ]);
});

it('refuses what is no YAML, twice the same name, and a file that says nothing', async () => {
  expect((await mistakes('volumes: {'))[0]).toMatch(/^f\.yaml:1:\d+: /);
  expect((await mistakes('volumes:\n  a: {}\n  a: {}'))[0]).toMatch(/^f\.yaml:3:3: .*unique/);
  for (const text of ['', '# nothing', '---']) {
    expect(await mistakes(text)).toEqual(['f.yaml: is empty; to want nothing, write volumes: {}']);
  }
  expect(await mistakes('- a')).toEqual(['f.yaml:1:1: must be a mapping with some of volumes, snapshots']);
});
