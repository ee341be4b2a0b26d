import type { BenchClient } from './bench-client.js';
import { body } from './body.js';

interface Payload {
  readonly payload?: { readonly body: Uint8Array };
}

/** The calls of a library whose clients return promises and async iterables: podwire, nice-grpc, connect-node. */
export interface GenericCalls<Options, CreateVolume> {
  readonly test: {
    emptyCall(request: object, options: Options): Promise<unknown>;
    unaryCall(request: { responseSize: number; payload: { body: Buffer } }, options: Options): Promise<Payload>;
    streamingOutputCall(request: { responseParameters: { size: number }[] }, options: Options): AsyncIterable<Payload>;
    streamingInputCall(
      requests: AsyncIterable<{ payload: { body: Buffer } }>,
      options: Options,
    ): Promise<{ readonly aggregatedPayloadSize: number }>;
    fullDuplexCall(
      requests: AsyncIterable<{ responseParameters: { size: number }[]; payload: { body: Buffer } }>,
      options: Options,
    ): AsyncIterable<Payload>;
  };
  readonly controller: {
    createVolume(request: CreateVolume, options: Options): Promise<{ readonly volume?: { readonly volumeId: string } }>;
    listVolumes(request: { maxEntries: number }, options: Options): Promise<{ readonly entries: readonly unknown[] }>;
  };
  /** Made for every call: a deadline of ten seconds. */
  readonly options: () => Options;
  readonly close: () => Promise<void> | void;
}

export function genericClient<Options, CreateVolume>(
  { test, controller, options, close }: GenericCalls<Options, CreateVolume>,
  createVolumeRequest: CreateVolume,
): BenchClient {
  return {
    async empty() {
      await test.emptyCall({}, options());
    },
    async unary(bytes) {
      check(await test.unaryCall({ responseSize: bytes, payload: { body: body(bytes) } }, options()), bytes);
    },
    async createVolume() {
      const { volume } = await controller.createVolume(createVolumeRequest, options());
      if (!volume?.volumeId) throw new Error('the volume has no id');
    },
    async listVolumes(entries) {
      const answer = await controller.listVolumes({ maxEntries: entries }, options());
      if (answer.entries.length !== entries) throw new Error('volumes are missing');
    },
    async serverStream(messages, bytes) {
      let received = 0;
      const responseParameters = Array.from({ length: messages }, () => ({ size: bytes }));
      for await (const message of test.streamingOutputCall({ responseParameters }, options())) {
        check(message, bytes);
        received++;
      }
      if (received !== messages) throw new Error('messages are missing');
    },
    async clientStream(messages, bytes) {
      async function* requests() {
        for (let sent = 0; sent < messages; sent++) yield { payload: { body: body(bytes) } };
      }
      const { aggregatedPayloadSize } = await test.streamingInputCall(requests(), options());
      if (aggregatedPayloadSize !== messages * bytes) throw new Error('messages are missing');
    },
    async pingPong(messages, bytes, lap) {
      let answered = (): void => {};
      async function* requests() {
        for (let sent = 0; sent < messages; sent++) {
          const answer = new Promise<void>((resolve) => {
            answered = resolve;
          });
          yield { responseParameters: [{ size: bytes }], payload: { body: body(bytes) } };
          await answer;
        }
      }
      let received = 0;
      for await (const message of test.fullDuplexCall(requests(), options())) {
        check(message, bytes);
        received++;
        lap();
        answered();
      }
      if (received !== messages) throw new Error('messages are missing');
    },
    close: async () => close(),
  };
}

function check({ payload }: Payload, bytes: number): void {
  if (payload?.body.length !== bytes) throw new Error('a message is not whole');
}
