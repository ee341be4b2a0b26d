import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { createChannel, createClient } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileDescriptorSet as csi } from '../../../gen/csi/v1/csi.descriptor.js';
import {
  type DeepPartial,
  ServerReflectionDefinition,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../../gen/grpc/reflection/v1/reflection.js';
import { ServerReflectionDefinition as V1AlphaDefinition } from '../../../gen/grpc/reflection/v1alpha/reflection.js';
import { Code, createServer, type Server } from '../../../src/index.js';
import { addHealth } from '../../../src/services/health/index.js';
import { addReflection, type ReflectionOptions } from '../../../src/services/reflection/index.js';

type Question = NonNullable<DeepPartial<ServerReflectionRequest>['messageRequest']>;

const folder = mkdtempSync(join(tmpdir(), 'podwire-reflection-'));
const running: { close(): unknown }[] = [];
let setsRead = 0;

/** Asks over one stream, with @grpc/grpc-js (underneath nice-grpc) over a path. */
async function ask(
  address: string,
  questions: Question[],
  definition: typeof ServerReflectionDefinition | typeof V1AlphaDefinition = ServerReflectionDefinition,
): Promise<ServerReflectionResponse[]> {
  const channel = createChannel(address);
  try {
    const client = createClient(definition as typeof ServerReflectionDefinition, channel);
    const requests = questions.map((messageRequest) => ({ host: 'here', messageRequest }));
    const responses: ServerReflectionResponse[] = [];
    for await (const response of client.serverReflectionInfo(
      (async function* () {
        yield* requests;
      })(),
    ))
      responses.push(response);
    return responses;
  } finally {
    channel.close();
  }
}

function fileNames({ messageResponse }: ServerReflectionResponse): string[] {
  if (messageResponse?.$case !== 'fileDescriptorResponse') throw new Error(`got ${JSON.stringify(messageResponse)}`);
  return messageResponse.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

async function serve(name: string, options: ReflectionOptions): Promise<{ server: Server; address: string }> {
  const server = createServer();
  running.push({ close: () => server.shutdown({ graceMs: 0 }) });
  addReflection(server, options);
  return { server, address: (await server.listen(join(folder, name))).address };
}

let address: string;

beforeAll(async () => {
  const countedCsi = () => {
    setsRead++;
    return csi();
  };
  const started = await serve('reflection.sock', { descriptors: [countedCsi] });
  address = started.address;
  addHealth(started.server);
});

afterAll(async () => {
  for (const one of running) await one.close();
  rmSync(folder, { recursive: true });
});

describe('addReflection', () => {
  it('lists the services of the server, also those added later, in both versions', async () => {
    const names = [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ];
    for (const definition of [ServerReflectionDefinition, V1AlphaDefinition]) {
      const [response] = await ask(address, [{ $case: 'listServices', value: '' }], definition);
      expect(response).toEqual({
        validHost: 'here',
        originalRequest: { host: 'here', messageRequest: { $case: 'listServices', value: '' } },
        messageResponse: { $case: 'listServicesResponse', value: { service: names.map((name) => ({ name })) } },
      });
    }
  });

  it('reads the sets once, and not before they are needed', async () => {
    setsRead = 0;
    const descriptors = [
      () => {
        setsRead++;
        return csi();
      },
    ];
    const started = await serve('lazy.sock', { descriptors });
    expect(setsRead).toBe(0);
    await ask(started.address, [{ $case: 'listServices', value: '' }]);
    await ask(started.address, [{ $case: 'listServices', value: '' }]);
    expect(setsRead).toBe(1);
  });

  it('gives a file and each import once per stream, the file asked for always', async () => {
    const byName: Question = { $case: 'fileByFilename', value: 'csi/v1/csi.proto' };
    const responses = await ask(address, [
      byName,
      byName,
      { $case: 'fileByFilename', value: 'google/protobuf/timestamp.proto' },
      { $case: 'fileContainingSymbol', value: 'google.protobuf.BoolValue.value' },
    ]);
    const names = responses.map(fileNames);
    expect(names[0][0]).toBe('csi/v1/csi.proto');
    expect([...names[0]].sort()).toEqual([
      'csi/v1/csi.proto',
      'google/protobuf/descriptor.proto',
      'google/protobuf/timestamp.proto',
      'google/protobuf/wrappers.proto',
    ]);
    expect(names.slice(1)).toEqual([
      ['csi/v1/csi.proto'],
      ['google/protobuf/timestamp.proto'],
      ['google/protobuf/wrappers.proto'],
    ]);
    // Another stream has had nothing yet.
    expect(fileNames((await ask(address, [byName]))[0])).toHaveLength(4);
  });

  it('finds symbols, extensions and extension numbers', async () => {
    const extendee = 'google.protobuf.FieldOptions';
    const [service, method, own, extension, numbers] = await ask(address, [
      { $case: 'fileContainingSymbol', value: 'csi.v1.Identity' },
      { $case: 'fileContainingSymbol', value: 'csi.v1.Controller.CreateVolume' },
      { $case: 'fileContainingSymbol', value: 'grpc.health.v1.Health' },
      { $case: 'fileContainingExtension', value: { containingType: extendee, extensionNumber: 1059 } },
      { $case: 'allExtensionNumbersOfType', value: extendee },
    ]);
    for (const response of [service, method, extension]) expect(fileNames(response)[0]).toBe('csi/v1/csi.proto');
    expect(fileNames(own)).toEqual(['grpc/health/v1/health.proto']);
    expect(numbers.messageResponse).toEqual({
      $case: 'allExtensionNumbersResponse',
      value: { baseTypeName: extendee, extensionNumber: [1059, 1060] },
    });
  });

  it('answers what it does not know with an error, and goes on', async () => {
    const responses = await ask(address, [
      { $case: 'fileByFilename', value: 'none.proto' },
      { $case: 'fileContainingSymbol', value: 'none.None' },
      { $case: 'fileContainingExtension', value: { containingType: 'none.None', extensionNumber: 7 } },
      { $case: 'allExtensionNumbersOfType', value: 'none.None' },
      undefined as never,
      { $case: 'fileContainingSymbol', value: 'csi.v1.Node' },
    ]);
    const errors = responses.slice(0, 5).map(({ messageResponse }) => {
      if (messageResponse?.$case !== 'errorResponse') throw new Error(`got ${JSON.stringify(messageResponse)}`);
      return messageResponse.value;
    });
    expect(errors.map(({ errorCode }) => errorCode)).toEqual([...Array(4).fill(Code.NOT_FOUND), Code.INVALID_ARGUMENT]);
    expect(errors[0].errorMessage).toContain('"none.proto"');
    expect(errors[2].errorMessage).toContain('extension 7 of "none.None"');
    expect(fileNames(responses[5])[0]).toBe('csi/v1/csi.proto');
  });

  it('lists what it is told to', async () => {
    const { address } = await serve('chosen.sock', { descriptors: [], services: ['csi.v1.Node'] });
    const [{ messageResponse }] = await ask(address, [{ $case: 'listServices', value: '*' }]);
    expect(messageResponse).toEqual({ $case: 'listServicesResponse', value: { service: [{ name: 'csi.v1.Node' }] } });
  });

  it('refuses one set where several were meant', () => {
    expect(() => addReflection(createServer(), { descriptors: csi() as never })).toThrow(/must be an array/);
  });
});
