import { describe, expect, it } from 'vitest';
import { ReceiveBudget } from '../../src/http2/receive-budget.js';
import { Endpoint, type Heard, requestHeader, responseHeader, server } from './endpoint.js';
import { DATA, END_STREAM, frame, request, WINDOW_UPDATE } from './wire.js';

const MEBIBYTE = 1024 * 1024;

describe('ReceiveBudget', () => {
  it('counts for its parent too', () => {
    const parent = new ReceiveBudget(100);
    const [left, right] = [new ReceiveBudget(80, parent), new ReceiveBudget(80, parent)];
    left.add(30);
    right.add(25);
    expect([left.held, right.held, parent.held]).toEqual([30, 25, 55]);
    expect(left.pressed).toBe(true);
    left.remove(10);
    expect([left.pressed, right.pressed]).toEqual([false, false]);
    expect(right.isFullWith(42)).toBe(false);
    expect(right.isFullWith(43)).toBe(true);
    right.add(20);
    expect(left.isFullWith(22)).toBe(false);
    expect(left.isFullWith(23)).toBe(true);
  });

  it('lets a connection that holds next to nothing go on, whatever the others hold', () => {
    const parent = new ReceiveBudget(1_000_000);
    const [greedy, modest] = [new ReceiveBudget(900_000, parent), new ReceiveBudget(900_000, parent)];
    greedy.add(700_000);
    parent.add(290_000);
    expect([greedy.refusesStreams, modest.refusesStreams]).toEqual([true, false]);
    expect([greedy.isFullWith(1_000), modest.isFullWith(1_000)]).toEqual([true, false]);
    modest.add(10_000);
    expect([modest.refusesStreams, modest.isFullWith(1_000)]).toEqual([true, true]);
  });

  it('tells once who waits, and not who has left', () => {
    const parent = new ReceiveBudget(1_000);
    const budget = new ReceiveBudget(100, parent);
    const told: string[] = [];
    const leave = () => told.push('left');
    budget.add(50);
    budget.whenRelieved(() => told.push('stayed'));
    budget.whenRelieved(leave);
    budget.forget(leave);
    budget.remove(1);
    budget.add(1);
    budget.remove(1);
    expect(told).toEqual(['stayed']);
    parent.add(500);
    parent.remove(500);
    expect(told).toEqual(['stayed', 'stayed']);
  });

  it('allows one message larger than its window at a time while it is pressed', () => {
    const budget = new ReceiveBudget(100);
    budget.beginWideMessage();
    expect(budget.allowsWideMessage(1, 0)).toBe(true);
    budget.add(50);
    expect(budget.allowsWideMessage(1, 0)).toBe(false);
    let told = 0;
    budget.whenRelieved(() => told++);
    budget.endWideMessage();
    expect(told).toBe(1);
    expect(budget.allowsWideMessage(1, 0)).toBe(true);
  });

  it('allows several while there is room for them and for what others may send', () => {
    const budget = new ReceiveBudget(800);
    budget.beginWideMessage();
    budget.add(300);
    expect(budget.allowsWideMessage(100, 300)).toBe(true);
    expect(budget.allowsWideMessage(100, 301)).toBe(false);
    budget.endWideMessage();
    expect(budget.allowsWideMessage(10_000, 10_000)).toBe(true);
  });

  it('allows one for each connection while the process is pressed, and one in all when that is full', () => {
    const parent = new ReceiveBudget(1_000);
    const [left, right] = [new ReceiveBudget(1_000, parent), new ReceiveBudget(1_000, parent)];
    parent.add(500);
    left.beginWideMessage();
    expect([left.allowsWideMessage(1, 0), right.allowsWideMessage(1, 0)]).toEqual([false, true]);
    parent.add(375);
    expect([left.allowsWideMessage(1, 0), right.allowsWideMessage(1, 0)]).toEqual([false, false]);
    left.endWideMessage();
    expect([left.allowsWideMessage(1, 0), right.allowsWideMessage(1, 0)]).toEqual([true, true]);
  });
});

/**
 * Reads messages of a fixed length out of a stream, as the owner of a gRPC call does: octets of an unfinished message stay
 * held, and room is asked for it.
 */
function readMessages(endpoint: Endpoint, length: number, messages: Map<number, number>, read = true): void {
  endpoint.onRequest = (_stream, heard) => {
    heard.reads = false;
    let partial = 0;
    heard.onMore = (_, current) => {
      partial = heard.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      while (partial >= length) {
        partial -= length;
        heard.chunks.length = 0;
        messages.set(current.id, (messages.get(current.id) ?? 0) + 1);
        if (read) current.release(length);
      }
      if (partial > 0) current.require(length - partial);
    };
  };
}

/** Carries what is to be sent both ways, and calls `check` after each step. */
function exchange(caller: Endpoint, callee: Endpoint, check: () => void = () => {}): boolean {
  let any = false;
  for (;;) {
    const there = caller.take();
    const back = callee.take();
    if (there.length + back.length === 0) return any;
    any = true;
    callee.receive(there);
    check();
    caller.receive(back);
    caller.connection.resumeOutput();
    callee.connection.resumeOutput();
  }
}

/** A client and a server of ours that have shaken hands. */
function pair(options: ConstructorParameters<typeof Endpoint>[1]): [Endpoint, Endpoint] {
  const endpoints: [Endpoint, Endpoint] = [new Endpoint('client'), new Endpoint('server', options)];
  exchange(...endpoints);
  return endpoints;
}

const generous = { streamWindow: 128 * 1024, connectionWindow: 8 * MEBIBYTE, maxConcurrentStreams: 1_024 };

describe('messages that are larger than the window', () => {
  it('come in whole, 200 at once, within a budget of a sixth of them', () => {
    const budget = new ReceiveBudget(32 * MEBIBYTE);
    const [caller, callee] = pair({ ...generous, budget });
    const messages = new Map<number, number>();
    readMessages(callee, MEBIBYTE, messages);
    const payload = Buffer.alloc(MEBIBYTE);
    // All are opened before the first octet comes: a pressed server refuses streams.
    const calls = Array.from({ length: 200 }, () => caller.open());
    for (const { stream } of calls) stream.sendData(payload, true);
    let most = 0;
    exchange(caller, callee, () => {
      most = Math.max(most, budget.held);
    });
    expect(messages.size).toBe(200);
    expect(calls.every(({ heard }) => heard.failure === undefined)).toBe(true);
    expect(most).toBeLessThanOrEqual(32 * MEBIBYTE);
    expect(most).toBeGreaterThan(16 * MEBIBYTE);
    expect(budget.held).toBe(0);
    expect(budget.allowsWideMessage(1, 0)).toBe(true);
  });

  it('stay within the budget when nobody reads them', () => {
    const budget = new ReceiveBudget(8 * MEBIBYTE);
    const [caller, callee] = pair({ ...generous, budget });
    const messages = new Map<number, number>();
    readMessages(callee, MEBIBYTE, messages, false);
    const calls = Array.from({ length: 50 }, () => caller.open());
    for (const { stream } of calls) stream.sendData(Buffer.alloc(MEBIBYTE), false);
    let most = 0;
    exchange(caller, callee, () => {
      most = Math.max(most, budget.held);
    });
    expect(most).toBeLessThanOrEqual(8 * MEBIBYTE);
    expect(messages.size).toBeGreaterThanOrEqual(1);
    expect(messages.size).toBeLessThan(8);
    // Once they are read the others follow.
    const refused = calls.filter(({ heard }) => heard.failure !== undefined);
    for (const { heard } of refused) expect(heard.failure).toMatchObject({ errorCode: 11, origin: 'remote' });
    const read = new Map<number, number>();
    do {
      for (const [id, count] of messages) {
        const stream = callee.streams.get(id)!;
        if (count > (read.get(id) ?? 0)) stream.release(MEBIBYTE);
        read.set(id, count);
      }
    } while (exchange(caller, callee));
    expect(messages.size + refused.length).toBe(50);
    for (const { stream } of calls) stream.reset(8);
    exchange(caller, callee);
    for (const [id, heard] of callee.heard) {
      if (heard.failure !== undefined) callee.streams.get(id)?.release(callee.streams.get(id)!.held);
    }
    expect(budget.held).toBe(0);
    expect(budget.allowsWideMessage(1, 0)).toBe(true);
  });

  it('come in one after the other on two connections of a pressed process', () => {
    const parent = new ReceiveBudget(64 * MEBIBYTE);
    parent.add(40 * MEBIBYTE);
    const pairs = [0, 1].map(() => pair({ ...generous, budget: new ReceiveBudget(32 * MEBIBYTE, parent) }));
    const counts = pairs.map(([caller, callee]) => {
      const messages = new Map<number, number>();
      // New streams are refused while the process is pressed: these were open before.
      parent.remove(40 * MEBIBYTE);
      const calls = Array.from({ length: 10 }, () => caller.open());
      readMessages(callee, MEBIBYTE, messages);
      exchange(caller, callee);
      parent.add(40 * MEBIBYTE);
      for (const { stream } of calls) stream.sendData(Buffer.alloc(MEBIBYTE), true);
      return messages;
    });
    const [first, second] = pairs;
    // Step by step, so that both want room at the same time.
    for (let busy = true; busy; ) busy = step(...first) || step(...second);
    while (pairs.some(([caller, callee]) => step(caller, callee)));
    expect(counts.map(({ size }) => size)).toEqual([10, 10]);
    expect(parent.held).toBe(40 * MEBIBYTE);
  });

  it('leave nothing behind when they are broken off, wherever that is', () => {
    for (const cut of [1, 100_000, 130_000, 500_000]) {
      for (const how of ['reset', 'own reset', 'close', 'end of stream', 'in a frame'] as const) {
        const parent = new ReceiveBudget(64 * MEBIBYTE);
        const [caller, callee] = pair({ ...generous, budget: new ReceiveBudget(32 * MEBIBYTE, parent) });
        readMessages(callee, MEBIBYTE, new Map());
        const { stream } = caller.open();
        stream.sendData(Buffer.alloc(cut), false);
        exchange(caller, callee);
        const received = callee.streams.get(1)!;
        if (how === 'reset') stream.reset(8);
        else if (how === 'own reset') received.reset(8);
        else if (how === 'close') callee.connection.terminate('read ECONNRESET');
        else if (how === 'end of stream') stream.sendData(Buffer.alloc(0), true);
        else callee.receive(frame(DATA, 0, 1, Buffer.alloc(1_000)).subarray(0, 500));
        exchange(caller, callee);
        if (how === 'in a frame') callee.connection.terminate('read ECONNRESET');
        received.release(received.held);
        if (how === 'end of stream') received.finish(responseHeader);
        expect([how, cut, parent.held, parent.allowsWideMessage(1, 0)]).toEqual([how, cut, 0, true]);
        parent.add(60 * MEBIBYTE);
        expect(parent.allowsWideMessage(1, 0), `${how} ${cut}`).toBe(true);
      }
    }
  });
});

describe('what is over the budget', () => {
  it('fails its stream and nothing else', () => {
    const endpoint = server({ budget: new ReceiveBudget(64 * 1024), streamWindow: 65_535 });
    endpoint.onRequest = (_stream, heard) => {
      heard.reads = false;
    };
    endpoint.receive(request(1), request(3));
    const kilobytes = (id: number, count: number) => frame(DATA, 0, id, Buffer.alloc(count * 1_024));
    for (let count = 0; count < 7; count++) endpoint.receive(kilobytes(1, 8));
    expect(endpoint.budget.held).toBe(56 * 1024);
    endpoint.receive(kilobytes(3, 1));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 3 ENHANCE_YOUR_CALM']);
    expect(endpoint.heard.get(3)?.failure).toMatchObject({ errorCode: 11, origin: 'local' });
    expect(endpoint.heard.get(1)?.failure).toBeUndefined();
    expect(endpoint.budget.held).toBe(56 * 1024);
    // New streams are refused until there is room again.
    endpoint.receive(request(5));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 5 REFUSED_STREAM']);
    endpoint.streams.get(1)?.release(56 * 1024);
    endpoint.receive(request(7), frame(DATA, END_STREAM, 1));
    expect(endpoint.sentNames()).toEqual([`WINDOW_UPDATE 1 ${56 * 1024}`]);
    expect([...endpoint.streams.keys()]).toEqual([1, 3, 7]);
    expect(endpoint.budget.held).toBe(0);
  });

  it('is refused however often without the connection being blamed', () => {
    const endpoint = server({ budget: new ReceiveBudget(64 * 1024), maxConcurrentStreams: 2_000 });
    endpoint.onRequest = (_stream, heard) => {
      heard.reads = false;
    };
    for (let id = 1; id < 2_001; id += 2) endpoint.receive(request(id));
    for (let id = 1; id < 2_001; id += 2) endpoint.receive(frame(DATA, 0, id, Buffer.alloc(1_024)));
    const failed = [...endpoint.heard.values()].filter((heard: Heard) => heard.failure !== undefined);
    expect(failed).toHaveLength(1_000 - 56);
    expect(endpoint.connection.ended).toBe(false);
    expect(endpoint.budget.held).toBe(56 * 1024);
  });
});

describe('the widened window', () => {
  it('is the usual one again when the message was read', () => {
    const [caller, callee] = pair({ ...generous });
    readMessages(callee, MEBIBYTE, new Map());
    const { stream } = caller.open(requestHeader);
    for (let count = 0; count < 5; count++) {
      stream.sendData(Buffer.alloc(MEBIBYTE), false);
      exchange(caller, callee);
      const received = callee.streams.get(1)!;
      expect(received.extended).toBe(0);
      expect(received.receiveWindow + received.uncredited).toBe(128 * 1024);
      expect(stream.sendWindow).toBe(received.receiveWindow);
    }
    const widened = callee.log.add(callee.take()).filter(({ type }) => type === WINDOW_UPDATE);
    expect(widened).toEqual([]);
    expect(callee.budget.held).toBe(0);
  });
});

function step(caller: Endpoint, callee: Endpoint): boolean {
  const there = caller.take();
  const back = callee.take();
  callee.receive(there);
  caller.receive(back);
  caller.connection.resumeOutput();
  callee.connection.resumeOutput();
  return there.length + back.length > 0;
}

describe('a process whose budget is full of messages that do not come', () => {
  /** Ten connections that announce a message of a tenth of the budget each, and send its first octets. */
  function stalled() {
    const parent = new ReceiveBudget(1_000_000);
    const greedy = Array.from({ length: 10 }, () => {
      const endpoint = server({ budget: new ReceiveBudget(10_000_000, parent) });
      endpoint.onRequest = (stream) => stream.require(100_000);
      endpoint.receive(request(1));
      return endpoint;
    });
    const modest = server({ budget: new ReceiveBudget(10_000_000, parent) });
    modest.onRequest = (stream) => stream.require(150_000);
    return { parent, greedy, modest };
  }

  it('has room for one of another connection: those that were announced first give way', () => {
    const { parent, greedy, modest } = stalled();
    modest.now += 5_000;
    modest.receive(request(1));
    expect(modest.sentNames()).toContain(`WINDOW_UPDATE 1 ${150_000 - 65_535}`);
    const failed = greedy.filter((endpoint) => endpoint.heard.get(1)?.failure !== undefined);
    expect(failed).toEqual(greedy.slice(0, failed.length));
    expect(failed[0]?.heard.get(1)?.failure).toMatchObject({ errorCode: 11, origin: 'local' });
    expect(failed[0]?.sentNames()).toContain('RST_STREAM 1 ENHANCE_YOUR_CALM');
    expect(parent.held).toBeLessThanOrEqual(1_000_000);
    for (const { connection } of [...greedy, modest]) connection.terminate('done');
    expect(parent.held).toBe(0);
  });

  it('lets it wait while they may still come', () => {
    const { greedy, modest } = stalled();
    modest.now += 500;
    modest.receive(request(1));
    expect(modest.sentNames()).toEqual([]);
    expect(greedy.some((endpoint) => endpoint.heard.get(1)?.failure !== undefined)).toBe(false);
  });
});
