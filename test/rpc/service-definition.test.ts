import { describe, expectTypeOf, it } from 'vitest';
import { ControllerDefinition } from '../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import {
  type DeepPartial,
  type DescribeRequest,
  type DescribeResponse,
  type ExchangeRequest,
  type ExchangeResponse,
  PodInfoDefinition,
  type PushLogsRequest,
  type PushLogsResponse,
  type WatchRequest,
  type WatchResponse,
} from '../../gen/podinfo/v1/podinfo.js';
import type {
  Client,
  MessageIn,
  MessageOut,
  ServiceDefinition,
  ServiceImplementation,
} from '../../src/rpc/service-definition.js';

interface Context {
  peer: string;
}
interface CallOptions {
  timeoutMs?: number;
}
type PodInfoClient = Client<typeof PodInfoDefinition, CallOptions>;
type PodInfoServer = ServiceImplementation<typeof PodInfoDefinition, Context>;

// Checked by tsc; at run time these tests only have to load.
describe('generated definitions', () => {
  it('are service definitions', () => {
    expectTypeOf(PodInfoDefinition).toExtend<ServiceDefinition>();
    expectTypeOf(ControllerDefinition).toExtend<ServiceDefinition>();
    expectTypeOf(TestServiceDefinition).toExtend<ServiceDefinition>();
  });

  it('give whole messages out and take partial ones in', () => {
    expectTypeOf<MessageOut<typeof DescribeRequest>>().toEqualTypeOf<DescribeRequest>();
    expectTypeOf<MessageIn<typeof DescribeRequest>>().toEqualTypeOf<DeepPartial<DescribeRequest>>();
  });
});

describe('Client', () => {
  type Stream<Message> = AsyncIterable<Message> | Iterable<Message>;

  it('has the four kinds of call', () => {
    expectTypeOf<PodInfoClient['describe']>().toEqualTypeOf<
      (request: DeepPartial<DescribeRequest>, options?: CallOptions) => Promise<DescribeResponse>
    >();
    expectTypeOf<PodInfoClient['watch']>().toEqualTypeOf<
      (request: DeepPartial<WatchRequest>, options?: CallOptions) => AsyncIterable<WatchResponse>
    >();
    expectTypeOf<PodInfoClient['pushLogs']>().toEqualTypeOf<
      (requests: Stream<DeepPartial<PushLogsRequest>>, options?: CallOptions) => Promise<PushLogsResponse>
    >();
    expectTypeOf<PodInfoClient['exchange']>().toEqualTypeOf<
      (requests: Stream<DeepPartial<ExchangeRequest>>, options?: CallOptions) => AsyncIterable<ExchangeResponse>
    >();
  });

  it('has no other methods, and checks fields at every depth', () => {
    expectTypeOf<keyof PodInfoClient>().toEqualTypeOf<'describe' | 'watch' | 'pushLogs' | 'exchange'>();
    type CreateVolume = Parameters<Client<typeof ControllerDefinition, CallOptions>['createVolume']>[0];
    expectTypeOf<{ capacityRange: { requiredBytes: 5 } }>().toExtend<CreateVolume>();
    expectTypeOf<{ capacityRange: { requiredBytes: boolean } }>().not.toExtend<CreateVolume>();
  });
});

describe('ServiceImplementation', () => {
  it('has the four kinds of handler', () => {
    expectTypeOf<PodInfoServer['describe']>().toEqualTypeOf<
      (request: DescribeRequest, context: Context) => Promise<DeepPartial<DescribeResponse>>
    >();
    expectTypeOf<PodInfoServer['watch']>().toEqualTypeOf<
      (request: WatchRequest, context: Context) => AsyncIterable<DeepPartial<WatchResponse>>
    >();
    expectTypeOf<PodInfoServer['pushLogs']>().toEqualTypeOf<
      (requests: AsyncIterable<PushLogsRequest>, context: Context) => Promise<DeepPartial<PushLogsResponse>>
    >();
    expectTypeOf<PodInfoServer['exchange']>().toEqualTypeOf<
      (requests: AsyncIterable<ExchangeRequest>, context: Context) => AsyncIterable<DeepPartial<ExchangeResponse>>
    >();
  });

  it('types the parameters of handlers that are written in place', () => {
    const handlers: PodInfoServer = {
      async describe(request, context) {
        expectTypeOf(request).toEqualTypeOf<DescribeRequest>();
        expectTypeOf(context).toEqualTypeOf<Context>();
        return {};
      },
      async *watch(request) {
        yield { sequence: 1n, cgroupVersion: request.sampleLimit };
      },
      async pushLogs(requests) {
        let acceptedLines = 0n;
        for await (const { line } of requests) {
          acceptedLines += line === '' ? 0n : 1n;
        }
        return { acceptedLines };
      },
      async *exchange(requests) {
        for await (const { id } of requests) {
          yield { id, outcome: { $case: 'output', value: 'done' } };
        }
      },
    };
    expectTypeOf(handlers).toExtend<PodInfoServer>();
  });

  it('refuses handlers that are missing or answer wrongly', () => {
    // @ts-expect-error: three handlers are missing
    const few: PodInfoServer = { describe: async () => ({}) };
    // @ts-expect-error: `reply` is text
    const wrong: Pick<PodInfoServer, 'describe'> = { describe: async () => ({ reply: 5 }) };
    expectTypeOf(few).toExtend<PodInfoServer>();
    expectTypeOf(wrong).toExtend<Pick<PodInfoServer, 'describe'>>();
  });
});
