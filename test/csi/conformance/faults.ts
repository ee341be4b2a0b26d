import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorInfo } from '../../../gen/google/rpc/error_details.js';
import { Code, packDetail, RpcError } from '../../../src/index.js';
import type { Forwarded, Message, Wrap } from './faulty-plugin.js';

/** One thing that a plugin does wrong. */
export interface Fault {
  /** In words. */
  readonly what: string;
  /** Checks that have to find it. */
  readonly breaks: readonly string[];
  /** Begins anew, with what it remembers of calls. */
  make(): Wrap;
}

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, ABORTED, OUT_OF_RANGE, INTERNAL } = Code;

/** Does something else with calls of one method, or of several with ` or ` between them. */
function on(methods: string, wrap: Wrap): () => Wrap {
  const names = methods.split(' or ');
  return () => (call) => (names.includes(call.method) ? wrap(call) : call.forward());
}

/** Changes the answer. */
function answer(methods: string, change: (response: Message, request: Message) => Message): () => Wrap {
  return on(methods, async ({ request, forward }) => change(await forward(), request));
}

/** Changes the request. */
function ask(methods: string, change: (request: Message, call: Forwarded) => Message): () => Wrap {
  return on(methods, (call) => call.forward(change(call.request, call)));
}

/** Answers another code, or nothing but OK, where the plugin refuses with this one. */
function recode(methods: string, from: Code, to: Code): () => Wrap {
  return on(methods, async ({ forward }) => {
    try {
      return await forward();
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== from) throw error;
      if (to !== Code.OK) throw new RpcError(to, error.statusMessage);
      return methods.startsWith('GetMetadata') ? [] : {};
    }
  });
}

/** Refuses what it should do. */
function refuse(methods: string, code: Code, when: (request: Message) => boolean = () => true): () => Wrap {
  return on(methods, async ({ request, forward }) => {
    if (when(request)) throw new RpcError(code, 'it does not want to');
    return forward();
  });
}

/** Says that it has done what it has not. */
function pretend(methods: string): () => Wrap {
  return on(methods, async () => ({}));
}

/** Does a thing once, and then finds that it is done, or gone. */
function once(methods: string, code: Code, key: (request: Message) => string): () => Wrap {
  return () => {
    const done = new Set<string>();
    return async ({ method, request, forward }) => {
      if (!methods.split(' or ').includes(method)) return forward();
      if (done.has(key(request))) throw new RpcError(code, 'once is enough');
      done.add(key(request));
      return forward();
    };
  };
}

/** Refuses with a code what comes while the same is being done. */
function whileBusy(methods: string, code: Code, key: (request: Message) => string): () => Wrap {
  return () => {
    const busy = new Set<string>();
    return async ({ method, request, forward }) => {
      if (!methods.split(' or ').includes(method)) return forward();
      if (busy.has(key(request))) throw new RpcError(code, 'busy');
      busy.add(key(request));
      try {
        await sleep(1);
        return await forward();
      } finally {
        busy.delete(key(request));
      }
    };
  };
}

/** Appends a number to the name, another one each time, so that a retry is something new. */
function forgetful(methods: string): () => Wrap {
  let number = 0;
  return ask(methods, (request) => ({ ...request, name: `${request.name}${++number}` }));
}

/** Required fields are not: a request without one is OK. */
function undemanding(check: string, methods: string): Fault {
  return {
    what: `${methods} does without required fields`,
    breaks: [check],
    make: recode(methods, INVALID_ARGUMENT, Code.OK),
  };
}

const first = (responses: Message[]): Message => responses[0];

/** All blocks of a stream in one response, changed. */
function blocks(methods: string, change: (blocks: Message[], request: Message) => Message[]): () => Wrap {
  return answer(methods, (responses: Message[], request) => {
    if (responses.length === 0) return responses;
    const all = responses.flatMap(({ blockMetadata }) => blockMetadata);
    return [{ ...first(responses), blockMetadata: change(all, request) }];
  });
}

const capabilityTwice = (response: Message) => ({ capabilities: [...response.capabilities, response.capabilities[0]] });

/** At least one for each check. */
export const faults: readonly Fault[] = [
  {
    what: 'its name is no domain',
    breaks: ['identity/the-name-is-like-a-domain'],
    make: answer('GetPluginInfo', (response) => ({ ...response, name: 'My Driver' })),
  },
  {
    what: 'it has no version',
    breaks: ['identity/the-version-is-there'],
    make: answer('GetPluginInfo', (response) => ({ ...response, vendorVersion: '' })),
  },
  {
    what: 'its manifest is large',
    breaks: ['identity/the-manifest-is-small'],
    make: answer('GetPluginInfo', (response) => ({ ...response, manifest: { text: 'x'.repeat(5000) } })),
  },
  {
    what: 'it is never ready',
    breaks: ['identity/it-is-ready'],
    make: answer('Probe', () => ({ ready: false })),
  },
  {
    what: 'it says something else each time',
    breaks: ['identity/it-says-the-same-again'],
    make: () => {
      let number = 0;
      return answer('GetPluginInfo', (response) => ({ ...response, vendorVersion: `${++number}` }))();
    },
  },
  {
    what: 'it tells a capability twice',
    breaks: [
      'identity/plugin-capabilities-are-known-and-told-once',
      'controller/capabilities-are-known-and-told-once',
      'node/capabilities-are-known-and-told-once',
      'group/capabilities-are-known-and-told-once',
    ],
    make: answer(
      'GetPluginCapabilities or ControllerGetCapabilities or NodeGetCapabilities or GroupControllerGetCapabilities',
      capabilityTwice,
    ),
  },
  {
    what: 'it tells a capability without a type',
    breaks: ['controller/capabilities-are-known-and-told-once'],
    make: answer('ControllerGetCapabilities', ({ capabilities }) => ({ capabilities: [...capabilities, {}] })),
  },
  {
    what: 'it advertises what it does not have',
    breaks: ['controller/what-is-advertised-is-there', 'node/what-is-advertised-is-there'],
    make: refuse('ControllerGetVolume or NodeGetVolumeStats', Code.UNIMPLEMENTED),
  },
  {
    what: 'single writers are known to the controller alone',
    breaks: ['node/single-writers-are-known-on-both-sides'],
    make: answer('NodeGetCapabilities', ({ capabilities }) => ({
      capabilities: capabilities.filter(({ type }: Message) => type.value.type !== 5),
    })),
  },
  {
    what: 'the id of the node is too long',
    breaks: ['node/it-says-who-it-is'],
    make: answer('NodeGetInfo', (response) => ({ ...response, nodeId: 'x'.repeat(257) })),
  },
  {
    what: 'its topology has keys that are none',
    breaks: ['node/its-place-is-told-in-valid-segments'],
    make: answer('NodeGetInfo', (response) => ({ ...response, accessibleTopology: { segments: { 'a key': 'z1' } } })),
  },
  {
    what: 'its errors have details',
    breaks: ['rules/a-status-has-no-details'],
    make:
      () =>
      async ({ forward }) => {
        try {
          return await forward();
        } catch (error) {
          const { code, statusMessage } = error as RpcError;
          const details = [
            packDetail('google.rpc.ErrorInfo', ErrorInfo, { reason: 'BECAUSE', domain: '', metadata: {} }),
          ];
          throw new RpcError(code, statusMessage, { details });
        }
      },
  },
  {
    what: 'its errors have a stack',
    breaks: ['rules/a-status-says-nothing-of-the-inside'],
    make:
      () =>
      async ({ forward }) => {
        try {
          return await forward();
        } catch (error) {
          const { code, statusMessage } = error as RpcError;
          throw new RpcError(code, `${statusMessage}\n    at createVolume (driver.js:5:7)`);
        }
      },
  },
  {
    what: 'it answers calls that it does not know',
    breaks: ['rules/unknown-calls-are-unimplemented'],
    make: pretend('NoSuchCall'),
  },
  {
    what: 'it refuses fields that it does not know',
    breaks: ['rules/unknown-fields-are-passed-over'],
    make:
      () =>
      async ({ hasUnknownFields, forward }) => {
        if (hasUnknownFields) throw new RpcError(INVALID_ARGUMENT, 'an unknown field');
        return forward();
      },
  },
  {
    what: 'its volume_context is large',
    breaks: ['rules/answers-keep-the-size-limits'],
    make: answer('CreateVolume', ({ volume }) => ({
      volume: { ...volume, volumeContext: { text: 'x'.repeat(5000) } },
    })),
  },
  {
    what: 'it repeats the request in its errors, secrets and all',
    breaks: ['rules/secrets-are-not-told'],
    make: on('CreateVolume', async ({ request, forward }) => {
      try {
        return await forward();
      } catch (error) {
        const { code, statusMessage } = error as RpcError;
        throw new RpcError(code, `${statusMessage}: ${JSON.stringify(request.secrets)}`);
      }
    }),
  },

  {
    what: 'its volumes are too small',
    breaks: ['controller/a-volume-is-made'],
    make: answer('CreateVolume', ({ volume }) => ({ volume: { ...volume, capacityBytes: 1n } })),
  },
  {
    what: 'its volumes are larger than the limit',
    breaks: ['controller/a-volume-is-as-large-as-the-limit-allows'],
    make: answer('CreateVolume', ({ volume }) => ({ volume: { ...volume, capacityBytes: volume.capacityBytes + 1n } })),
  },
  {
    what: 'a retry makes another volume',
    breaks: ['controller/the-same-name-gives-the-same-volume', 'concurrency/one-name-at-once-is-one-volume'],
    make: forgetful('CreateVolume'),
  },
  {
    what: 'all names are the same to it',
    breaks: ['controller/another-name-gives-another-volume'],
    make: ask('CreateVolume', (request) => ({ ...request, name: 'always' })),
  },
  {
    what: 'it lets a name be taken again in another way',
    breaks: [
      'controller/the-same-name-with-another-size-is-refused',
      'controller/the-same-name-with-another-source-is-refused',
    ],
    make: recode('CreateVolume', ALREADY_EXISTS, Code.OK),
  },
  {
    what: 'it takes short names only',
    breaks: ['controller/a-volume-may-have-a-name-of-128-bytes', 'snapshot/a-snapshot-may-have-a-name-of-128-bytes'],
    make: refuse('CreateVolume or CreateSnapshot', INVALID_ARGUMENT, ({ name }) => name.length > 63),
  },
  {
    what: 'it cuts long names',
    breaks: ['controller/names-that-differ-at-their-end-are-different'],
    make: ask('CreateVolume', (request) => ({ ...request, name: request.name.slice(0, 64) })),
  },
  {
    what: 'it takes names of letters and digits only',
    breaks: ['controller/a-volume-may-have-any-name'],
    make: refuse('CreateVolume', INVALID_ARGUMENT, ({ name }) => !/^[\w-]*$/.test(name)),
  },
  undemanding('controller/create-volume-wants-its-required-fields', 'CreateVolume'),
  {
    what: 'it does not look at limits',
    breaks: ['controller/a-range-that-contradicts-itself-is-refused'],
    make: ask('CreateVolume', (request) => ({
      ...request,
      capacityRange: { ...request.capacityRange, limitBytes: 0n },
    })),
  },
  {
    what: 'it says that a volume was deleted which is still there',
    breaks: ['controller/a-volume-is-deleted'],
    make: pretend('DeleteVolume'),
  },
  {
    what: 'it knows nothing of a volume that is deleted again',
    breaks: ['controller/a-volume-is-deleted-twice'],
    make: once('DeleteVolume', NOT_FOUND, ({ volumeId }) => volumeId),
  },
  {
    what: 'it refuses to delete what was never there',
    breaks: ['controller/a-volume-that-never-was-is-deleted', 'snapshot/a-snapshot-that-never-was-is-deleted'],
    make: refuse(
      'DeleteVolume or DeleteSnapshot',
      NOT_FOUND,
      ({ volumeId, snapshotId }) => !/^(vol|snap)-/.test(volumeId ?? snapshotId),
    ),
  },
  {
    what: 'a name stays taken when its volume is gone',
    breaks: ['controller/a-name-is-free-when-its-volume-is-deleted'],
    make: () => {
      const sizes = new Map<string, bigint>();
      return on('CreateVolume', async ({ request: { name, capacityRange }, forward }) => {
        const size = sizes.get(name) ?? capacityRange.requiredBytes;
        if (size !== capacityRange.requiredBytes) throw new RpcError(ALREADY_EXISTS, 'taken');
        sizes.set(name, size);
        return forward();
      })();
    },
  },
  undemanding('controller/delete-volume-wants-its-required-fields', 'DeleteVolume'),
  {
    what: 'it does not say what a volume was made of',
    breaks: ['controller/a-volume-is-made-of-a-volume', 'controller/a-volume-is-made-of-a-snapshot'],
    make: answer('CreateVolume', ({ volume }) => ({ volume: { ...volume, contentSource: undefined } })),
  },
  {
    what: 'it makes an empty volume of what is not there',
    breaks: [
      'controller/a-volume-of-an-unknown-volume-is-refused',
      'controller/a-volume-of-an-unknown-snapshot-is-refused',
    ],
    make: recode('CreateVolume', NOT_FOUND, Code.OK),
  },
  {
    what: 'it confirms nothing',
    breaks: ['controller/what-a-volume-can-do-is-confirmed'],
    make: answer('ValidateVolumeCapabilities', () => ({ message: 'no' })),
  },
  {
    what: 'it confirms anything of a volume that is not there',
    breaks: ['controller/what-an-unknown-volume-can-do-is-refused'],
    make: recode('ValidateVolumeCapabilities', NOT_FOUND, Code.OK),
  },
  undemanding('controller/validate-volume-capabilities-wants-its-required-fields', 'ValidateVolumeCapabilities'),
  {
    what: 'it finds another volume',
    breaks: ['controller/a-volume-is-found'],
    make: answer('ControllerGetVolume', ({ volume, ...rest }) => ({
      ...rest,
      volume: { ...volume, volumeId: 'other' },
    })),
  },
  undemanding('controller/get-volume-wants-its-required-fields', 'ControllerGetVolume'),
  {
    what: 'it has less than no room',
    breaks: ['controller/room-is-told'],
    make: answer('GetCapacity', (response) => ({ ...response, availableCapacity: -1n })),
  },
  {
    what: 'volumes do not grow',
    breaks: ['controller/a-volume-grows'],
    make: answer('ControllerExpandVolume', (response) => ({ ...response, capacityBytes: 4096n })),
  },
  {
    what: 'volumes shrink',
    breaks: ['controller/a-volume-that-is-large-enough-stays-so'],
    make: answer('ControllerExpandVolume', (response, { capacityRange }) => ({
      ...response,
      capacityBytes: capacityRange.requiredBytes,
    })),
  },
  {
    what: 'a volume that is not there can grow',
    breaks: ['controller/an-unknown-volume-does-not-grow', 'node/an-unknown-volume-does-not-grow'],
    make: recode('ControllerExpandVolume or NodeExpandVolume', NOT_FOUND, Code.OK),
  },
  undemanding('controller/expand-volume-wants-its-required-fields', 'ControllerExpandVolume'),
  {
    what: 'it does not say when volumes can grow',
    breaks: ['controller/expansion-is-a-capability-of-the-plugin-too'],
    make: answer('GetPluginCapabilities', ({ capabilities }) => ({
      capabilities: capabilities.filter(({ type }: Message) => type.$case === 'service'),
    })),
  },
  {
    what: 'it modifies nothing',
    breaks: ['controller/a-volume-is-modified'],
    make: refuse('ControllerModifyVolume', INTERNAL),
  },
  {
    what: 'it passes over the mutable parameters of a new volume',
    breaks: ['controller/a-volume-is-made-with-mutable-parameters'],
    make: ask('CreateVolume', (request) => ({ ...request, mutableParameters: {} })),
  },
  {
    what: 'it takes any parameter',
    breaks: ['controller/a-volume-is-not-modified-with-unknown-parameters'],
    make: recode('ControllerModifyVolume', INVALID_ARGUMENT, Code.OK),
  },
  {
    what: 'it modifies volumes that are not there',
    breaks: ['controller/an-unknown-volume-is-not-modified'],
    make: recode('ControllerModifyVolume', NOT_FOUND, Code.OK),
  },
  undemanding('controller/modify-volume-wants-its-required-fields', 'ControllerModifyVolume'),
  {
    what: 'publishing again gives another context',
    breaks: ['controller/a-volume-is-published'],
    make: () => {
      let number = 0;
      return answer('ControllerPublishVolume', () => ({ publishContext: { number: `${++number}` } }))();
    },
  },
  {
    what: 'it publishes anything anywhere',
    breaks: [
      'controller/an-unknown-volume-is-not-published',
      'controller/a-volume-is-not-published-on-an-unknown-node',
    ],
    make: recode('ControllerPublishVolume', NOT_FOUND, Code.OK),
  },
  {
    what: 'it publishes in two ways at a time',
    breaks: ['controller/a-volume-is-not-published-in-two-ways', 'node/a-target-is-not-published-in-two-ways'],
    make: recode('ControllerPublishVolume or NodePublishVolume', ALREADY_EXISTS, Code.OK),
  },
  undemanding('controller/publish-volume-wants-its-required-fields', 'ControllerPublishVolume'),
  {
    what: 'it does not unpublish what is not published',
    breaks: ['controller/a-volume-that-is-not-published-is-unpublished'],
    make: refuse('ControllerUnpublishVolume', NOT_FOUND),
  },
  undemanding('controller/unpublish-volume-wants-its-required-fields', 'ControllerUnpublishVolume'),
  {
    what: 'a node takes more than it says',
    breaks: ['controller/a-node-takes-no-more-volumes-than-it-says'],
    make: recode('ControllerPublishVolume', Code.RESOURCE_EXHAUSTED, Code.OK),
  },

  {
    what: 'its lists lack an entry',
    breaks: ['list/volumes-are-listed', 'list/snapshots-are-listed'],
    make: answer('ListVolumes or ListSnapshots', (response) => ({
      ...response,
      entries: response.entries.slice(0, -1),
    })),
  },
  {
    what: 'it passes over max_entries',
    breaks: [
      'list/a-page-of-volumes-has-no-more-than-max-entries',
      'list/a-page-of-snapshots-has-no-more-than-max-entries',
    ],
    make: ask('ListVolumes or ListSnapshots', (request) => ({ ...request, maxEntries: 0 })),
  },
  {
    what: 'there is no second page',
    breaks: ['list/pages-of-volumes-make-the-whole-list', 'list/pages-of-snapshots-make-the-whole-list'],
    make: answer('ListVolumes or ListSnapshots', (response) => ({ ...response, nextToken: '' })),
  },
  {
    what: 'its tokens are numbers of entries',
    breaks: ['list/volumes-that-come-and-go-do-not-disturb-the-pages'],
    make: on('ListVolumes', async ({ request: { maxEntries, startingToken }, forward }) => {
      const { entries } = await forward({ maxEntries: 0, startingToken: '' });
      const from = Number(startingToken);
      const to = maxEntries === 0 ? entries.length : from + maxEntries;
      return { entries: entries.slice(from, to), nextToken: to < entries.length ? String(to) : '' };
    }),
  },
  {
    what: 'an unknown token is the end of a list',
    breaks: [
      'list/an-unknown-token-for-volumes-is-aborted',
      'list/an-unknown-token-for-snapshots-is-aborted',
      'health/an-unknown-token-is-aborted',
    ],
    make: recode('ListVolumes or ListSnapshots or ControllerListVolumeHealth', ABORTED, Code.OK),
  },
  {
    what: 'less than no entries are none',
    breaks: [
      'list/a-negative-number-of-volumes-is-refused',
      'list/a-negative-number-of-snapshots-is-refused',
      'health/a-negative-number-of-entries-is-refused',
    ],
    make: recode('ListVolumes or ListSnapshots or ControllerListVolumeHealth', INVALID_ARGUMENT, Code.OK),
  },
  {
    what: 'it does not say where volumes are published',
    breaks: ['list/volumes-say-where-they-are-published'],
    make: answer('ListVolumes', (response) => ({
      ...response,
      entries: response.entries.map(({ volume }: Message) => ({ volume })),
    })),
  },
  {
    what: 'it lists the first snapshot of a volume only',
    breaks: ['list/all-snapshots-of-a-volume-are-listed-and-no-other'],
    make: answer('ListSnapshots', (response, { sourceVolumeId }) =>
      sourceVolumeId === '' ? response : { entries: response.entries.slice(0, 1) },
    ),
  },
  {
    what: 'it lists snapshots that were not asked for',
    breaks: ['list/one-snapshot-is-listed-by-its-id'],
    make: ask('ListSnapshots', (request) => ({ ...request, snapshotId: '' })),
  },
  {
    what: 'a list of unknown snapshots is an error',
    breaks: ['list/no-snapshot-is-listed-for-unknown-ids'],
    make: answer('ListSnapshots', (response) => {
      if (response.entries.length === 0) throw new RpcError(NOT_FOUND, 'nothing there');
      return response;
    }),
  },

  {
    what: 'it does not say when a snapshot was made',
    breaks: ['snapshot/a-snapshot-is-made'],
    make: answer('CreateSnapshot', ({ snapshot }) => ({ snapshot: { ...snapshot, creationTime: undefined } })),
  },
  {
    what: 'a retry makes another snapshot',
    breaks: ['snapshot/the-same-name-gives-the-same-snapshot', 'concurrency/one-snapshot-name-at-once-is-one-snapshot'],
    make: forgetful('CreateSnapshot'),
  },
  {
    what: 'a snapshot of another volume will do',
    breaks: ['snapshot/the-same-name-of-another-volume-is-refused'],
    make: recode('CreateSnapshot', ALREADY_EXISTS, Code.OK),
  },
  {
    what: 'it makes snapshots of nothing',
    breaks: ['snapshot/an-unknown-volume-has-no-snapshot'],
    make: recode('CreateSnapshot', NOT_FOUND, Code.OK),
  },
  undemanding('snapshot/create-snapshot-wants-its-required-fields', 'CreateSnapshot'),
  {
    what: 'it knows nothing of a snapshot that is deleted again',
    breaks: ['snapshot/a-snapshot-is-deleted-twice'],
    make: once('DeleteSnapshot', NOT_FOUND, ({ snapshotId }) => snapshotId),
  },
  undemanding('snapshot/delete-snapshot-wants-its-required-fields', 'DeleteSnapshot'),
  {
    what: 'it finds another snapshot',
    breaks: ['snapshot/a-snapshot-is-found-until-it-is-deleted'],
    make: answer('GetSnapshot', ({ snapshot }) => ({ snapshot: { ...snapshot, snapshotId: 'other' } })),
  },
  undemanding('snapshot/get-snapshot-wants-its-required-fields', 'GetSnapshot'),
  {
    what: 'a group lacks a member',
    breaks: ['group/a-group-is-made'],
    make: answer('CreateVolumeGroupSnapshot', ({ groupSnapshot }) => ({
      groupSnapshot: { ...groupSnapshot, snapshots: groupSnapshot.snapshots.slice(1) },
    })),
  },
  {
    what: 'a retry makes another group',
    breaks: ['group/the-same-name-gives-the-same-group'],
    make: forgetful('CreateVolumeGroupSnapshot'),
  },
  {
    what: 'a group of other volumes will do',
    breaks: ['group/the-same-name-of-other-volumes-is-refused'],
    make: recode('CreateVolumeGroupSnapshot', ALREADY_EXISTS, Code.OK),
  },
  {
    what: 'it makes groups of what is not there',
    breaks: ['group/unknown-volumes-have-no-group'],
    make: recode('CreateVolumeGroupSnapshot', NOT_FOUND, Code.OK),
  },
  undemanding('group/create-group-wants-its-required-fields', 'CreateVolumeGroupSnapshot'),
  {
    what: 'it finds groups that are not there',
    breaks: ['group/a-group-is-found-until-it-is-deleted'],
    make: recode('GetVolumeGroupSnapshot', NOT_FOUND, Code.OK),
  },
  {
    what: 'the members of a group stay when it is deleted',
    breaks: ['group/members-go-with-their-group'],
    make: pretend('DeleteVolumeGroupSnapshot'),
  },
  {
    what: 'anything is a member of a group',
    breaks: ['group/members-that-do-not-belong-to-it-are-refused'],
    make: recode('GetVolumeGroupSnapshot', INVALID_ARGUMENT, Code.OK),
  },
  {
    what: 'it does not delete groups that are not there',
    breaks: ['group/a-group-that-never-was-is-deleted'],
    make: refuse(
      'DeleteVolumeGroupSnapshot',
      NOT_FOUND,
      ({ groupSnapshotId }) => !groupSnapshotId.startsWith('group-'),
    ),
  },
  undemanding('group/get-and-delete-want-their-required-fields', 'GetVolumeGroupSnapshot or DeleteVolumeGroupSnapshot'),

  {
    what: 'its blocks descend',
    breaks: ['metadata/allocated-blocks-are-in-order', 'metadata/changed-blocks-are-in-order'],
    make: blocks('GetMetadataAllocated or GetMetadataDelta', (all) => all.reverse()),
  },
  {
    what: 'its blocks lack one',
    breaks: ['metadata/what-was-written-is-allocated', 'metadata/what-was-written-is-changed'],
    make: blocks('GetMetadataAllocated or GetMetadataDelta', (all) => all.slice(1)),
  },
  {
    what: 'changes lack what is allocated',
    breaks: ['metadata/allocated-blocks-are-those-of-the-base-and-the-changed'],
    make: blocks('GetMetadataDelta', (all) => all.slice(0, -1)),
  },
  {
    what: 'everything has changed, always',
    breaks: ['metadata/nothing-changes-from-a-snapshot-to-itself'],
    make: answer('GetMetadataDelta', () => [
      {
        blockMetadataType: 2,
        volumeCapacityBytes: 2n ** 20n,
        blockMetadata: [{ byteOffset: 0n, sizeBytes: 2n ** 20n }],
      },
    ]),
  },
  {
    what: 'it passes over max_results',
    breaks: ['metadata/responses-have-no-more-than-max-results'],
    make: ask('GetMetadataAllocated or GetMetadataDelta', (request) => ({ ...request, maxResults: 0 })),
  },
  {
    what: 'there is one response and no more',
    breaks: ['metadata/max-results-changes-nothing-of-the-blocks'],
    make: answer('GetMetadataAllocated or GetMetadataDelta', (responses) => responses.slice(0, 1)),
  },
  {
    what: 'it always begins at the start',
    breaks: ['metadata/it-goes-on-at-starting-offset'],
    make: ask('GetMetadataAllocated or GetMetadataDelta', (request) => ({ ...request, startingOffset: 0n })),
  },
  {
    what: 'there is nothing beyond the end',
    breaks: ['metadata/an-offset-beyond-the-end-is-out-of-range'],
    make: recode('GetMetadataAllocated', OUT_OF_RANGE, Code.OK),
  },
  {
    what: 'snapshots that are not there have no blocks',
    breaks: ['metadata/unknown-snapshots-are-not-found'],
    make: recode('GetMetadataAllocated or GetMetadataDelta', NOT_FOUND, Code.OK),
  },
  undemanding('metadata/it-wants-its-required-fields', 'GetMetadataAllocated or GetMetadataDelta'),
  {
    what: 'less than no results are none',
    breaks: ['metadata/a-negative-number-of-results-is-refused'],
    make: recode('GetMetadataAllocated', INVALID_ARGUMENT, Code.OK),
  },

  {
    what: 'new volumes have lost their data',
    breaks: ['health/a-new-volume-is-well', 'health/a-new-volume-is-well-on-its-node'],
    make: answer('ControllerGetVolumeHealth or NodeGetVolumeHealth', ({ volumeHealth }) => ({
      volumeHealth: { ...volumeHealth, healthStatuses: [{ status: 3, reason: 'DataLost' }] },
    })),
  },
  {
    what: 'volumes that are not there are well',
    breaks: ['health/an-unknown-volume-is-not-found', 'health/an-unknown-volume-is-not-found-on-the-node'],
    make: recode('ControllerGetVolumeHealth or NodeGetVolumeHealth', NOT_FOUND, Code.OK),
  },
  undemanding('health/get-volume-health-wants-its-required-fields', 'ControllerGetVolumeHealth'),
  {
    what: 'volumes that are well are listed among those that are not',
    breaks: ['health/only-volumes-that-are-not-well-are-listed'],
    make: answer('ControllerListVolumeHealth', ({ entries }) => ({
      entries: [...entries, { volumeId: 'vol-1', healthStatuses: [] }],
    })),
  },
  undemanding('health/node-get-volume-health-wants-its-required-fields', 'NodeGetVolumeHealth'),
  {
    what: 'what is wrong with the storage is a sentence',
    breaks: ['health/what-is-wrong-with-the-storage-is-described'],
    make: answer('NodeGetStorageHealth', () => ({ backendHealth: [{ status: 1, reason: 'it is slow' }] })),
  },

  {
    what: 'it does on the node what was done only once',
    breaks: [
      'node/a-volume-is-staged-and-unstaged-again-and-again',
      'node/a-volume-is-published-and-unpublished-again-and-again',
    ],
    make: once('NodeStageVolume or NodePublishVolume', ALREADY_EXISTS, ({ targetPath, stagingTargetPath }) =>
      [targetPath, stagingTargetPath].join(),
    ),
  },
  {
    what: 'what is not there can be used',
    breaks: ['node/an-unknown-volume-is-not-staged', 'node/an-unknown-volume-is-not-published'],
    make: recode('NodeStageVolume or NodePublishVolume', NOT_FOUND, Code.OK),
  },
  undemanding('node/stage-volume-wants-its-required-fields', 'NodeStageVolume'),
  undemanding('node/unstage-volume-wants-its-required-fields', 'NodeUnstageVolume'),
  {
    what: 'the target path stays',
    breaks: ['node/the-target-path-is-removed'],
    make: pretend('NodeUnpublishVolume'),
  },
  {
    what: 'content goes with its last target',
    breaks: ['node/what-was-written-is-there-again'],
    make: on('NodeUnpublishVolume', async ({ request, forward }) => {
      await rm(join(request.targetPath, 'file'), { force: true });
      return forward();
    }),
  },
  {
    what: 'volumes are not empty',
    breaks: ['node/volumes-do-not-share-their-content'],
    make: on('NodePublishVolume', async ({ request, forward }) => {
      const response = await forward();
      await writeFile(join(request.targetPath, 'file'), 'something');
      return response;
    }),
  },
  {
    what: 'a snapshot is the volume as it is now',
    breaks: ['node/a-snapshot-keeps-what-was-written-before-it'],
    make: () => {
      const sources = new Map<string, string>();
      return async ({ method, request, forward }) => {
        if (method === 'CreateSnapshot') {
          const response = await forward();
          sources.set(response.snapshot.snapshotId, request.sourceVolumeId);
          return response;
        }
        const volumeId = sources.get(request.volumeContentSource?.type.value.snapshotId);
        if (volumeId === undefined) return forward();
        return forward({ ...request, volumeContentSource: { type: { $case: 'volume', value: { volumeId } } } });
      };
    },
  },
  {
    what: 'it minds no order and no access mode',
    breaks: ['node/a-volume-that-is-not-staged-is-not-published', 'node/a-single-writer-has-one-target'],
    make: recode('NodePublishVolume', Code.FAILED_PRECONDITION, Code.OK),
  },
  undemanding('node/publish-volume-wants-its-required-fields', 'NodePublishVolume'),
  undemanding('node/unpublish-volume-wants-its-required-fields', 'NodeUnpublishVolume'),
  {
    what: 'more is used than there is',
    breaks: ['node/usage-is-told'],
    make: answer('NodeGetVolumeStats', ({ usage }) => ({
      usage: usage.map((one: Message) => ({ ...one, used: one.total + 1n })),
    })),
  },
  {
    what: 'it tells the usage of what is not there',
    breaks: ['node/usage-of-what-is-not-there-is-not-found'],
    make: recode('NodeGetVolumeStats', NOT_FOUND, Code.OK),
  },
  undemanding('node/get-volume-stats-wants-its-required-fields', 'NodeGetVolumeStats'),
  {
    what: 'volumes do not grow on their node',
    breaks: ['node/a-volume-grows-where-it-is-used'],
    make: answer('NodeExpandVolume', () => ({ capacityBytes: 4096n })),
  },
  undemanding('node/expand-volume-wants-its-required-fields', 'NodeExpandVolume'),

  {
    what: 'one volume waits for all others',
    breaks: ['concurrency/many-volumes-are-made-and-deleted-at-once'],
    make: whileBusy('CreateVolume', ABORTED, () => 'all'),
  },
  {
    what: 'what is pending is an error that does not tell so',
    breaks: ['concurrency/one-volume-is-deleted-at-once', 'concurrency/one-volume-is-published-at-once'],
    make: whileBusy('DeleteVolume or NodePublishVolume', INTERNAL, ({ volumeId }) => volumeId),
  },
  {
    what: 'it does not list what was made of something',
    breaks: ['concurrency/many-volumes-live-their-lives-at-once'],
    make: answer('ListVolumes', ({ entries, ...rest }) => ({
      ...rest,
      entries: entries.filter(({ volume }: Message) => volume.contentSource === undefined),
    })),
  },

  {
    what: 'it forgets the names of volumes when it is killed',
    breaks: ['crash/nothing-that-was-acknowledged-is-lost', 'crash/no-volume-is-there-twice'],
    make: ask('CreateVolume', (request, { restarts }) => ({ ...request, name: `${request.name} ${restarts}` })),
  },
  {
    what: 'volumes that were deleted are back after it was killed',
    breaks: ['crash/what-was-deleted-stays-so'],
    make: () => {
      const deleted: Message[] = [];
      let before = -1;
      return async ({ method, request, restarts, forward }) => {
        if (before === -1) before = restarts;
        if (method === 'DeleteVolume') deleted.push({ volume: { volumeId: request.volumeId } });
        const response = await forward();
        if (method !== 'ListVolumes' || restarts === before) return response;
        return { ...response, entries: [...response.entries, ...deleted] };
      };
    },
  },
  {
    what: 'it forgets the names of snapshots when it is killed',
    breaks: ['crash/snapshots-are-kept'],
    make: ask('CreateSnapshot', (request, { restarts }) => ({ ...request, name: `${request.name} ${restarts}` })),
  },
  {
    what: 'it forgets what was published when it is killed',
    breaks: ['crash/what-is-published-stays-so'],
    make: recode('NodePublishVolume', ALREADY_EXISTS, Code.OK),
  },
  {
    what: 'a list ends when it is killed',
    breaks: ['crash/a-list-goes-on-or-begins-anew'],
    make: () => {
      let before = -1;
      return async ({ method, request, restarts, forward }) => {
        if (before === -1) before = restarts;
        if (method === 'ListVolumes' && restarts > before && request.startingToken !== '') return { entries: [] };
        return forward();
      };
    },
  },
];
