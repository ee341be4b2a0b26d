import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { CreateVolumeRequest, CreateVolumeResponse, ListVolumesResponse } from '../../../gen/csi/v1/csi.js';
import type { BenchClient } from '../../node/bench-client.js';
import { runClient } from '../../node/run-client.js';
import { createVolume, listVolumes } from '../../node/volumes.js';
import { request } from './request.js';

/** The same numbers of octets over a bare socket, without HTTP/2, protobuf or deadlines: what Node can do at most. */
class NetClient implements BenchClient {
  readonly #socket: Socket;
  /** What is waited for, in the order in which it will come. */
  readonly #waiting: { left: number; resolve: () => void }[] = [];
  #first = 0;
  readonly #requests = new Map<string, Buffer>();
  readonly #createVolumeRequest: Uint8Array;

  constructor(socket: Socket, createVolumeRequest: Uint8Array) {
    this.#socket = socket;
    this.#createVolumeRequest = createVolumeRequest;
    socket.on('data', (chunk) => this.#receive(chunk.length));
    socket.on('error', (error) => {
      throw error;
    });
  }

  empty(): Promise<void> {
    return this.unary(0);
  }

  unary(bytes: number): Promise<void> {
    this.#write(bytes, Math.max(bytes, 1), 1);
    return this.#receives(Math.max(bytes, 1));
  }

  createVolume(): Promise<void> {
    const answer = createVolumeBytes(this.#createVolumeRequest);
    this.#write(this.#createVolumeRequest.length, answer, 1);
    return this.#receives(answer);
  }

  listVolumes(entries: number): Promise<void> {
    const answer = listVolumesBytes(entries);
    this.#write(4, answer, 1);
    return this.#receives(answer);
  }

  serverStream(messages: number, bytes: number): Promise<void> {
    this.#write(0, bytes, messages);
    return this.#receives(messages * bytes);
  }

  async clientStream(messages: number, bytes: number): Promise<void> {
    for (let sent = 1; sent < messages; sent++) {
      if (!this.#write(bytes, 0, 0)) await once(this.#socket, 'drain');
    }
    return this.unary(bytes);
  }

  async pingPong(messages: number, bytes: number, lap: () => void): Promise<void> {
    for (let sent = 0; sent < messages; sent++) {
      await this.unary(bytes);
      lap();
    }
  }

  async close(): Promise<void> {
    this.#socket.destroy();
  }

  #write(bytes: number, answerBytes: number, answers: number): boolean {
    const key = `${bytes} ${answerBytes} ${answers}`;
    let made = this.#requests.get(key);
    if (made === undefined) this.#requests.set(key, (made = request(bytes, answerBytes, answers)));
    return this.#socket.write(made);
  }

  #receives(bytes: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ left: bytes, resolve }));
  }

  #receive(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const first = this.#waiting[this.#first];
      if (first.left > left) {
        first.left -= left;
        return;
      }
      left -= first.left;
      first.resolve();
      this.#first++;
    }
    // Cheaper than shifting each.
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }
}

const sizes = new Map<string, number>();

function sizeOf(key: string, compute: () => number): number {
  const known = sizes.get(key) ?? compute();
  sizes.set(key, known);
  return known;
}

function createVolumeBytes(encoded: Uint8Array): number {
  return sizeOf(
    '',
    () => CreateVolumeResponse.encode(createVolume(CreateVolumeRequest.decode(encoded))).finish().length,
  );
}

function listVolumesBytes(entries: number): number {
  const answer = (): number =>
    ListVolumesResponse.encode(listVolumes({ maxEntries: entries, startingToken: '' })).finish().length;
  return sizeOf(String(entries), answer);
}

await runClient(async (endpoint, createVolumeRequest) => {
  const socket = connectSocket(endpoint.replace('unix://', ''));
  await once(socket, 'connect');
  return new NetClient(socket, createVolumeRequest);
});
