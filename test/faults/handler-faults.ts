import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { callOver, type HandlerFault } from './handler-fault.js';

const failure = (): never => {
  throw new Error('a fault that a test injected');
};
/** A new one each time, since one alone would keep all who wait for it. */
const never = (): Promise<never> => new Promise(() => {});
const deadline = { code: Code.DEADLINE_EXCEEDED, timeoutMs: 20 };
const cancelled = { code: Code.CANCELLED, cancelAfter: 1, responses: 1 };

/** All four kinds of calls. The caller of `pushLogs` and `exchange` sends requests without end. */
export const handlerFaults: readonly HandlerFault[] = [
  // One request, one response.
  { name: 'throws at once', method: 'describe', handler: failure, code: Code.UNKNOWN },
  {
    name: 'throws nothing',
    method: 'describe',
    async handler() {
      throw undefined;
    },
    code: Code.UNKNOWN,
  },
  {
    name: 'throws an error of its own',
    method: 'describe',
    async handler() {
      throw new RpcError(Code.FAILED_PRECONDITION, 'a fault that a test injected');
    },
    code: Code.FAILED_PRECONDITION,
  },
  {
    name: 'throws after the header',
    method: 'describe',
    async handler(_, context) {
      context.sendHeader();
      return failure();
    },
    code: Code.UNKNOWN,
  },
  {
    name: 'hangs until the deadline',
    method: 'describe',
    async handler(_, context) {
      await callOver(context);
      throw context.signal.reason;
    },
    ...deadline,
  },
  { name: 'hangs for ever', method: 'describe', handler: () => never(), ...deadline },
  {
    name: 'answers after the deadline',
    method: 'describe',
    async handler(_, context) {
      await callOver(context);
      return { reply: 'too late' };
    },
    ...deadline,
  },
  {
    name: 'throws after the deadline',
    method: 'describe',
    async handler(_, context) {
      await callOver(context);
      return failure();
    },
    ...deadline,
  },
  {
    name: 'answers what cannot be encoded',
    method: 'describe',
    handler: async () => ({
      get reply(): string {
        return failure();
      },
    }),
    code: Code.INTERNAL,
  },
  {
    name: 'answers with a promise that cannot be awaited',
    method: 'describe',
    // biome-ignore lint/suspicious/noThenProperty: it is the fault
    handler: () => ({ then: failure }) as never,
    code: Code.UNKNOWN,
  },

  // One request, a stream of responses.
  {
    name: 'throws before the header',
    method: 'watch',
    // biome-ignore lint/correctness/useYield: it never comes to that
    async *handler() {
      failure();
    },
    code: Code.UNKNOWN,
  },
  {
    name: 'throws after the header',
    method: 'watch',
    // biome-ignore lint/correctness/useYield: it never comes to that
    async *handler(_, context) {
      context.sendHeader();
      failure();
    },
    code: Code.UNKNOWN,
  },
  {
    name: 'throws after three messages',
    method: 'watch',
    async *handler() {
      for (let count = 0; count < 3; count++) yield {};
      failure();
    },
    code: Code.UNKNOWN,
    responses: 3,
  },
  {
    name: 'hangs after a message',
    method: 'watch',
    async *handler() {
      yield {};
      await never();
    },
    ...cancelled,
  },
  {
    name: 'yields after the cancel',
    method: 'watch',
    async *handler(_, context) {
      yield {};
      await callOver(context);
      for (let count = 0; count < 100; count++) yield {};
    },
    ...cancelled,
  },
  {
    name: 'yields without end, whoever cancels',
    method: 'watch',
    async *handler() {
      for (;;) yield {};
    },
    code: Code.CANCELLED,
    cancelAfter: 100,
    responses: 100,
  },
  {
    name: 'throws in finally, after the cancel',
    method: 'watch',
    async *handler(_, context) {
      try {
        yield {};
        await callOver(context);
      } finally {
        failure();
      }
    },
    ...cancelled,
  },
  {
    name: 'throws in finally, after all went well',
    method: 'watch',
    async *handler() {
      try {
        yield {};
      } finally {
        failure();
      }
    },
    code: Code.UNKNOWN,
    responses: 1,
  },
  {
    name: 'hangs in finally',
    method: 'watch',
    async *handler(_, context) {
      try {
        yield {};
        await callOver(context);
      } finally {
        await never();
      }
    },
    ...cancelled,
  },
  {
    name: 'yields what cannot be encoded',
    method: 'watch',
    async *handler() {
      yield {};
      yield { sequence: 'no number' as never };
    },
    code: Code.INTERNAL,
    responses: 1,
  },
  { name: 'answers with no stream', method: 'watch', handler: () => undefined as never, code: Code.UNKNOWN },
  {
    name: 'answers with an iterator that fails when it is told to stop',
    method: 'watch',
    handler: () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ value: {}, done: false }),
        return: failure,
      }),
    }),
    ...cancelled,
  },
  {
    name: 'answers with an iterator that never goes on',
    method: 'watch',
    handler: () => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) }),
    ...deadline,
  },

  // A stream of requests, one response.
  {
    name: 'answers without reading, while the client sends',
    method: 'pushLogs',
    handler: async () => ({}),
    code: Code.OK,
    responses: 1,
  },
  {
    name: 'answers after one request, while the client sends',
    method: 'pushLogs',
    async handler(requests) {
      for await (const _ of requests) break;
      return {};
    },
    code: Code.OK,
    responses: 1,
  },
  { name: 'never reads and never answers', method: 'pushLogs', handler: () => never(), ...deadline },
  { name: 'throws without reading', method: 'pushLogs', handler: failure, code: Code.UNKNOWN },
  {
    name: 'throws after two requests',
    method: 'pushLogs',
    async handler(requests) {
      let count = 0;
      for await (const _ of requests) if (++count === 2) failure();
      return {};
    },
    code: Code.UNKNOWN,
  },
  {
    name: 'throws in finally, after the deadline',
    method: 'pushLogs',
    async handler(requests) {
      try {
        for await (const _ of requests);
        return {};
      } finally {
        failure();
      }
    },
    ...deadline,
  },
  {
    name: 'reads on after the deadline',
    method: 'pushLogs',
    async handler(requests, context) {
      await callOver(context);
      for await (const _ of requests);
      return {};
    },
    ...deadline,
  },

  // Both.
  {
    name: 'answers without reading, while the client sends',
    method: 'exchange',
    async *handler() {
      for (let count = 0; count < 5; count++) yield {};
    },
    code: Code.OK,
    responses: 5,
  },
  {
    name: 'throws after three requests',
    method: 'exchange',
    async *handler(requests) {
      let count = 0;
      for await (const { id } of requests) {
        if (++count > 3) failure();
        yield { id };
      }
    },
    code: Code.UNKNOWN,
    responses: 3,
  },
  {
    name: 'never reads and never answers',
    method: 'exchange',
    // biome-ignore lint/correctness/useYield: it never comes to that
    async *handler() {
      await never();
    },
    ...deadline,
  },
  {
    name: 'reads all and never answers',
    method: 'exchange',
    // biome-ignore lint/correctness/useYield: it never comes to that
    async *handler(requests) {
      for await (const _ of requests);
    },
    ...deadline,
  },
  {
    name: 'yields after the cancel',
    method: 'exchange',
    async *handler(_, context) {
      yield {};
      await callOver(context);
      for (let count = 0; count < 100; count++) yield {};
    },
    ...cancelled,
  },
  {
    name: 'throws in finally, after the cancel',
    method: 'exchange',
    async *handler(requests) {
      try {
        for await (const { id } of requests) yield { id };
      } finally {
        failure();
      }
    },
    ...cancelled,
  },
  {
    name: 'answers without end and without reading',
    method: 'exchange',
    async *handler() {
      for (;;) yield {};
    },
    code: Code.CANCELLED,
    cancelAfter: 100,
    responses: 100,
  },
];
