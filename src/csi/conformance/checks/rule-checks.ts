import { WireType } from '@bufbuild/protobuf/wire';
import {
  ControllerDefinition,
  CreateVolumeRequest,
  GetPluginInfoRequest,
  IdentityDefinition,
} from '../../../../gen/csi/v1/csi.js';
import { createClient } from '../../../client/client.js';
import { Code } from '../../../rpc/code.js';
import { RpcError } from '../../../rpc/rpc-error.js';
import type { Check } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import { show } from '../show.js';
import type { Trial } from '../trial.js';

const MAP_BYTES = 4096;
const STRING_BYTES = 128;

/** What the specification says of all calls. */
export const ruleChecks: readonly Check[] = [
  {
    name: 'rules/a-status-has-no-details',
    needs: [],
    async run(trial) {
      for (const { what, error } of await failures(trial)) {
        const details = error.details.length > 0 || error.metadata.get('grpc-status-details-bin') !== undefined;
        holds(!details, `empty status details for ${what}`, error.details);
      }
    },
  },
  {
    name: 'rules/a-status-says-nothing-of-the-inside',
    needs: [],
    async run(trial) {
      for (const { what, error } of await failures(trial)) {
        const stack = /\n\s+at |goroutine \d+ \[|Traceback \(most recent/.test(error.statusMessage);
        holds(!stack, `a message for people, without a stack, for ${what}`, error.statusMessage);
      }
    },
  },
  {
    name: 'rules/unknown-calls-are-unimplemented',
    needs: [],
    async run(trial) {
      const definition = {
        ...IdentityDefinition,
        methods: { nothing: { ...IdentityDefinition.methods.getPluginInfo, name: 'NoSuchCall' } },
      };
      await refused(
        createClient(definition, trial.channel).nothing({}),
        'a call that CSI does not have',
        Code.UNIMPLEMENTED,
      );
    },
  },
  {
    name: 'rules/unknown-fields-are-passed-over',
    needs: [],
    async run(trial) {
      const methods = {
        getPluginInfo: withUnknownFields(IdentityDefinition.methods.getPluginInfo, GetPluginInfoRequest),
      };
      const { name } = await createClient({ ...IdentityDefinition, methods }, trial.channel).getPluginInfo({});
      equal(name, (await trial.identity.getPluginInfo({})).name, 'the same name as without unknown fields');
      if (!trial.has('controller CREATE_DELETE_VOLUME')) return;
      const create = {
        createVolume: withUnknownFields(ControllerDefinition.methods.createVolume, CreateVolumeRequest),
      };
      const request = trial.volumeRequest();
      const { volume } = await createClient({ ...ControllerDefinition, methods: create }, trial.channel).createVolume(
        request,
      );
      equal(
        volume?.volumeId,
        (await trial.createVolume(request)).volumeId,
        'the same volume as without unknown fields',
      );
    },
  },
  {
    name: 'rules/answers-keep-the-size-limits',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId, volumeContext, accessibleTopology } = await trial.createVolume();
      holds(Buffer.byteLength(volumeId) <= STRING_BYTES, `a volume_id of at most ${STRING_BYTES} bytes`, volumeId);
      const maps = [volumeContext, ...accessibleTopology.map(({ segments }) => segments)];
      for (const map of maps) {
        const bytes = Buffer.byteLength(Object.entries(map).flat().join(''));
        holds(bytes <= MAP_BYTES, `maps of at most ${MAP_BYTES} bytes`, `${bytes} bytes`);
      }
    },
  },
  {
    name: 'rules/secrets-are-not-told',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const hidden = `hidden-${trial.name()}`;
      const given = Object.values(trial.secrets('CreateVolume')).filter((value) => value.length >= 8);
      const secrets = { ...trial.secrets('CreateVolume'), conformance: hidden };
      const tells = (text: string, what: string) => {
        const told = [hidden, ...given].some((secret) => text.includes(secret));
        // Not what was told: it would be repeated here.
        holds(!told, `${what} without the secrets of the request`, 'one with them');
      };
      const { controller } = trial;
      const missing = { ...trial.volumeRequest({ secrets }), volumeCapabilities: [] };
      for (const call of [
        () => controller.createVolume(trial.volumeRequest({ secrets })),
        () => controller.createVolume(missing),
        () => controller.deleteVolume({ volumeId: '', secrets }),
        () =>
          controller.createVolume(trial.volumeRequest({ secrets: { ...secrets, [hidden]: hidden.padEnd(8192, 'x') } })),
      ]) {
        const answer = await call().then(show, (error: unknown) => {
          if (!(error instanceof RpcError)) throw error;
          return `${error.statusMessage} ${show([...error.metadata])}`;
        });
        tells(answer, 'an answer');
      }
    },
  },
];

interface Failure {
  readonly what: string;
  readonly error: RpcError;
}

/** Some calls that a plugin refuses, of each service that it has. */
async function failures(trial: Trial): Promise<Failure[]> {
  const { controller, node, groupController } = trial;
  const volumeId = trial.strangerId();
  const calls: [what: string, call: () => Promise<unknown>][] = [];
  if (trial.has('controller CREATE_DELETE_VOLUME')) {
    calls.push(['CreateVolume without its fields', () => controller.createVolume({})]);
    const request = { volumeId, volumeCapabilities: [trial.capability()] };
    calls.push(['an unknown volume', () => controller.validateVolumeCapabilities(request)]);
  }
  if (trial.has('group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT')) {
    const request = { groupSnapshotId: trial.strangerId() };
    calls.push(['an unknown group', () => groupController.getVolumeGroupSnapshot(request)]);
  }
  if (trial.has('node')) calls.push(['NodePublishVolume without its fields', () => node.nodePublishVolume({})]);
  // A service that is not there refuses as well.
  calls.push(['NodeStageVolume without its fields', () => node.nodeStageVolume({})]);
  const found: Failure[] = [];
  for (const [what, call] of calls) {
    await call().catch((error: unknown) => {
      if (!(error instanceof RpcError)) throw error;
      found.push({ what, error });
    });
  }
  return found;
}

interface Writer {
  tag(field: number, type: WireType): Writer;
  string(value: string): Writer;
  uint32(value: number): Writer;
  fixed64(value: number): Writer;
}

interface Encoder<Message> {
  encode(message: Message, writer?: never): unknown;
}

/** Fields that no version of CSI has. */
function withUnknownFields<Method extends { readonly requestType: object }, Message>(
  method: Method,
  type: Encoder<Message>,
): Method {
  const encode = (message: Message, writer?: never) => {
    const written = type.encode(message, writer) as Writer;
    written.tag(4711, WireType.LengthDelimited).string('unknown');
    written.tag(4712, WireType.Varint).uint32(1);
    written.tag(4713, WireType.Bit64).fixed64(1);
    return written;
  };
  return { ...method, requestType: { ...method.requestType, encode } };
}
