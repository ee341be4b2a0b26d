import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControllerServiceCapability_RPC_Type as ControllerRpc } from '../../../gen/csi/v1/csi.js';
import { decideVolume } from '../../../src/csi/reconcile/decide-volume.js';
import { isSettled } from '../../../src/csi/reconcile/decision.js';
import type { DesiredVolume } from '../../../src/csi/reconcile/desired-volume.js';
import { operationKey } from '../../../src/csi/reconcile/operation.js';
import { readVolumeSpec } from '../../../src/csi/reconcile/read-volume-spec.js';
import type { VolumeState } from '../../../src/csi/reconcile/volume-state.js';
import {
  beginVolumeOperation,
  completeVolumeOperation,
  failVolumeOperation,
} from '../../../src/csi/reconcile/volume-transitions.js';
import { ablePlugin, VolumeModel } from './volume-model.js';

/** A controller of one volume, without I/O: what it has written down, and the plugin. */
class Reconciliation {
  readonly plugin = new VolumeModel();
  desired: DesiredVolume | undefined;
  state: VolumeState | undefined;

  decide() {
    const { desired, state } = this;
    return decideVolume({ desired, state, plugin: ablePlugin, dependents: [], stagingPath: '/staging' });
  }

  set(desired: DesiredVolume): void {
    this.desired = desired;
  }

  delete(): void {
    this.desired = undefined;
    if (this.state !== undefined) this.state = { ...this.state, doomed: true };
  }

  /** One of the operations that can be done, with what may come of it. False: nothing can be done. */
  step(choice: number, fate: 'done' | 'lost before' | 'lost after' | 'refused'): boolean {
    const { operations } = this.decide();
    if (operations.length === 0) return false;
    const operation = operations[choice % operations.length]!;
    const begun = beginVolumeOperation('name', this.state, operation);
    this.state = begun;
    if (fate === 'lost before') this.state = failVolumeOperation(begun, operation, 'pending');
    else if (fate === 'refused' && !(operation.method === 'createVolume' && this.plugin.volume)) {
      // A plugin that says that nothing is there tells the truth.
      this.state = failVolumeOperation(begun, operation, 'final');
    } else {
      const answer = this.plugin.do(operation);
      if (fate !== 'lost after') this.state = completeVolumeOperation(begun, operation, answer).state;
    }
    return true;
  }

  /** Until nothing is left to do. */
  settle(): void {
    for (let steps = 0; this.step(0, 'done'); steps++) {
      if (steps > 100)
        throw new Error(`it goes in circles: ${JSON.stringify(this.decide().operations.map(operationKey))}`);
    }
  }
}

const targets = ['/a', '/b'];

const volume = fc.record({
  size: fc.integer({ min: 1, max: 3 }),
  speed: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
  publish: fc.subarray(targets),
  readonly: fc.boolean(),
  elsewhere: fc.boolean(),
});

const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ set: volume }) },
  { weight: 1, arbitrary: fc.constant('delete' as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      choice: fc.nat(5),
      fate: fc.constantFrom('done' as const, 'done', 'lost before' as const, 'lost after' as const, 'refused' as const),
    }),
  },
);

type WantedVolume = typeof volume extends fc.Arbitrary<infer Value> ? Value : never;

function desiredOf({ size, speed, publish, readonly, elsewhere }: WantedVolume): DesiredVolume {
  const places = publish.map((target) => ({ target, readonly }));
  return readVolumeSpec('name', {
    size,
    ...(speed !== undefined && { mutableParameters: { speed } }),
    publish: elsewhere ? [...places, { node: 'elsewhere' }] : places,
  });
}

describe('decideVolume', () => {
  it('reaches what is desired, whatever was desired before and whatever went wrong', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const run = new Reconciliation();
        for (const action of steps) {
          if (action === 'delete') run.delete();
          else if ('set' in action) run.set(desiredOf(action.set));
          else run.step(action.choice, action.fate);
        }
        run.settle();
        expect(isSettled(run.decide())).toBe(true);
        const { desired, plugin } = run;
        if (desired === undefined) {
          expect(plugin.volume).toBeUndefined();
          expect(run.state).toBeUndefined();
          return;
        }
        const actual = plugin.volume!;
        expect(run.state?.volumeId).toBe(actual.id);
        expect(actual.bytes >= desired.requiredBytes).toBe(true);
        expect(actual.parameters).toMatchObject(desired.mutableParameters);
        const wanted = desired.publications.filter(({ target }) => target !== undefined);
        expect([...actual.targets]).toEqual(
          expect.arrayContaining(wanted.map(({ target, readonly }) => [target, readonly])),
        );
        expect(actual.targets.size).toBe(wanted.length);
        expect(actual.staged.size).toBe(wanted.length > 0 ? 1 : 0);
        const nodes = new Set(desired.publications.map(({ node }) => node ?? 'here'));
        expect([...actual.attached.keys()].sort()).toEqual([...nodes].sort());
        if (actual.targets.size > 0) expect(actual.grows).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds the volume of a lost answer again, and deletes it when it is not desired any more', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { size: 1 }));
    run.step(0, 'lost after');
    run.delete();
    expect(run.plugin.volume?.id).toBe('volume-0');
    run.settle();
    expect(run.plugin.made).toEqual(['volume-0']);
    expect(run.plugin.volume).toBeUndefined();
  });

  it('ends a creation as it was begun, and changes the volume then', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { size: 1 }));
    run.step(0, 'lost after');
    run.set(readVolumeSpec('name', { size: 2, mutableParameters: { speed: '1' } }));
    run.settle();
    expect(run.plugin.made).toEqual(['volume-0']);
    expect(run.plugin.volume).toMatchObject({ bytes: 2n, parameters: { speed: '1' } });
  });

  it('begins anew, with other parameters, what the plugin refused', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { parameters: { kind: 'typo' } }));
    run.step(0, 'refused');
    run.set(readVolumeSpec('name', { parameters: { kind: 'right' } }));
    run.settle();
    expect(run.plugin.volume?.creation.parameters).toEqual({ kind: 'right' });
  });

  it('makes another volume of what was deleted and set again, however far the deletion is', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { publish: [{ target: '/a' }] }));
    run.settle();
    run.delete();
    run.set(readVolumeSpec('name', { parameters: { kind: 'other' } }));
    run.settle();
    expect(run.plugin.made).toEqual(['volume-0', 'volume-1']);
    expect(run.plugin.volume?.creation.parameters).toEqual({ kind: 'other' });
  });

  it('attaches anew, and all that stands on it, what was read-only and is to be written', () => {
    const run = new Reconciliation();
    const readonly = { target: '/a', readonly: true };
    run.set(readVolumeSpec('name', { publish: [readonly] }));
    run.settle();
    expect(run.plugin.volume?.attached.get('here')).toBe(true);
    run.set(readVolumeSpec('name', { publish: [readonly, { target: '/b' }] }));
    run.settle();
    expect(run.plugin.volume?.attached.get('here')).toBe(false);
    expect([...run.plugin.volume!.targets]).toEqual([
      ['/a', true],
      ['/b', false],
    ]);
  });

  it('says what is fixed, and what the plugin cannot, and asks for neither', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { size: 1 }));
    run.settle();
    const desired = readVolumeSpec('name', {
      ...{ size: 2, parameters: { kind: 'other' }, mutableParameters: { speed: '1' } },
      publish: [{ node: 'elsewhere', target: '/a' }],
    });
    const controller = [ControllerRpc.CREATE_DELETE_VOLUME];
    const plugin = { ...ablePlugin, controller, node: [] };
    const facts = { desired, state: run.state, plugin, dependents: [], stagingPath: '/staging' };
    expect(decideVolume(facts)).toMatchInlineSnapshot(`
      {
        "operations": [],
        "problems": [
          {
            "about": "created",
            "message": "parameters is fixed when a volume is made; to change it, delete the volume and set it anew",
          },
          {
            "about": "published",
            "message": "/a is on the node elsewhere, and the plugin serves the node here here: leave the target out, or talk to the plugin there",
          },
          {
            "about": "sized",
            "message": "the plugin model does not advertise EXPAND_VOLUME",
          },
          {
            "about": "modified",
            "message": "the plugin model does not advertise MODIFY_VOLUME",
          },
        ],
        "waitsFor": [],
      }
    `);
  });

  it('lets a volume grow before it is used where it cannot grow in use', () => {
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', { size: 1 }));
    run.settle();
    const desired = readVolumeSpec('name', { size: 2, publish: [{ target: '/a' }] });
    const plugin = { ...ablePlugin, volumeExpansion: 'offline' as const };
    const facts = { desired, state: run.state, plugin, dependents: [], stagingPath: '/staging' };
    expect(decideVolume(facts).operations.map(operationKey)).toEqual(['controllerExpandVolume']);
  });

  it('waits for a source that is not there yet, and with its deletion for what stands on it', () => {
    const desired = readVolumeSpec('name', { from: { snapshot: 'source' } });
    const common = { plugin: ablePlugin, stagingPath: '/staging' };
    const source = { waitsFor: 'the snapshot source' };
    expect(decideVolume({ ...common, desired, state: undefined, source, dependents: [] })).toMatchObject({
      operations: [],
      waitsFor: ['the snapshot source'],
    });
    const run = new Reconciliation();
    run.set(readVolumeSpec('name', {}));
    run.settle();
    const dependents = ['the snapshot of it'];
    expect(decideVolume({ ...common, desired: undefined, state: run.state, dependents })).toMatchObject({
      operations: [],
      waitsFor: dependents,
    });
  });
});
