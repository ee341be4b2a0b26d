import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { CreateVolumeRequest, type CreateVolumeResponse, type ListVolumesResponse } from '../../../gen/csi/v1/csi.js';
import {
  SimpleRequest,
  type SimpleResponse,
  StreamingInputCallRequest,
  type StreamingInputCallResponse,
  StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
} from '../../../gen/grpc/testing/messages.js';
import type { Connect } from '../../node/bench-client.js';
import { body } from '../../node/body.js';
import { controllerService, testService } from './service.js';

type Callback<Response> = (error: ServiceError | null, response?: Response) => void;

interface TestClient {
  emptyCall(request: object, options: CallOptions, callback: Callback<object>): unknown;
  unaryCall(request: SimpleRequest, options: CallOptions, callback: Callback<SimpleResponse>): unknown;
  streamingOutputCall(
    request: StreamingOutputCallRequest,
    options: CallOptions,
  ): ClientReadableStream<StreamingOutputCallResponse>;
  streamingInputCall(
    options: CallOptions,
    callback: Callback<StreamingInputCallResponse>,
  ): ClientWritableStream<StreamingInputCallRequest>;
  fullDuplexCall(options: CallOptions): ClientDuplexStream<StreamingOutputCallRequest, StreamingOutputCallResponse>;
}

interface ControllerClient {
  createVolume(request: CreateVolumeRequest, options: CallOptions, callback: Callback<CreateVolumeResponse>): unknown;
  listVolumes(request: object, options: CallOptions, callback: Callback<ListVolumesResponse>): unknown;
}

const options = (): CallOptions => ({ deadline: Date.now() + 10_000 });

/** @param clientOptions such as a channel that is not grpc-js's own. */
export function grpcJsClient(clientOptions: ClientOptions): Connect {
  return async (endpoint, encodedCreateVolumeRequest) => {
    const allOptions: ClientOptions = { 'grpc.max_receive_message_length': 8 * 1024 * 1024, ...clientOptions };
    const connection = new (makeGenericClientConstructor(testService, 'TestService'))(
      endpoint,
      credentials.createInsecure(),
      allOptions,
    );
    const controllerConnection = new (makeGenericClientConstructor(controllerService, 'Controller'))(
      endpoint,
      credentials.createInsecure(),
      { channelOverride: connection.getChannel() },
    );
    const test = connection as unknown as TestClient;
    const controller = controllerConnection as unknown as ControllerClient;
    const createVolumeRequest = CreateVolumeRequest.decode(encodedCreateVolumeRequest);
    return {
      async empty() {
        await answer<object>((callback) => test.emptyCall({}, options(), callback));
      },
      async unary(bytes) {
        const request = SimpleRequest.fromPartial({ responseSize: bytes, payload: { body: body(bytes) } });
        check(await answer((callback) => test.unaryCall(request, options(), callback)), bytes);
      },
      async createVolume() {
        const { volume } = await answer<CreateVolumeResponse>((callback) =>
          controller.createVolume(createVolumeRequest, options(), callback),
        );
        if (!volume?.volumeId) throw new Error('the volume has no id');
      },
      async listVolumes(entries) {
        const request = { maxEntries: entries, startingToken: '' };
        const response = await answer<ListVolumesResponse>((callback) =>
          controller.listVolumes(request, options(), callback),
        );
        if (response.entries.length !== entries) throw new Error('volumes are missing');
      },
      serverStream(messages, bytes) {
        const responseParameters = Array.from({ length: messages }, () => ({ size: bytes }));
        const request = StreamingOutputCallRequest.fromPartial({ responseParameters });
        return new Promise((resolve, reject) => {
          let received = 0;
          test
            .streamingOutputCall(request, options())
            .on('data', (message: StreamingOutputCallResponse) => {
              if (message.payload?.body.length === bytes) received++;
            })
            .on('error', reject)
            .on('end', () => (received === messages ? resolve() : reject(new Error('messages are missing'))));
        });
      },
      async clientStream(messages, bytes) {
        let call: ClientWritableStream<StreamingInputCallRequest> | undefined;
        const answered = answer<StreamingInputCallResponse>((callback) => {
          call = test.streamingInputCall(options(), callback);
        });
        const stream = call as unknown as ClientWritableStream<StreamingInputCallRequest>;
        for (let sent = 0; sent < messages; sent++) {
          const message = StreamingInputCallRequest.fromPartial({ payload: { body: body(bytes) } });
          if (!stream.write(message)) await new Promise((resolve) => stream.once('drain', resolve));
        }
        stream.end();
        if ((await answered).aggregatedPayloadSize !== messages * bytes) throw new Error('messages are missing');
      },
      pingPong(messages, bytes, lap) {
        return new Promise((resolve, reject) => {
          const call = test.fullDuplexCall(options());
          const ping = (): void => {
            const request = { responseParameters: [{ size: bytes }], payload: { body: body(bytes) } };
            call.write(StreamingOutputCallRequest.fromPartial(request));
          };
          let received = 0;
          call
            .on('data', (message: StreamingOutputCallResponse) => {
              if (message.payload?.body.length !== bytes) return;
              received++;
              lap();
              if (received < messages) ping();
              else call.end();
            })
            .on('error', reject)
            .on('end', () => (received === messages ? resolve() : reject(new Error('messages are missing'))));
          ping();
        });
      },
      close: async () => connection.close(),
    };
  };
}

function answer<Response>(call: (callback: Callback<Response>) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response as Response)));
  });
}

function check({ payload }: SimpleResponse, bytes: number): void {
  if (payload?.body.length !== bytes) throw new Error('a message is not whole');
}
