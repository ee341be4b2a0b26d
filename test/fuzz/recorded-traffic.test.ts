import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Manners, ObservedConnection } from './observed-connection.js';
import { trafficOf } from './traffic.js';

const manners: Omit<Manners, 'role'> = {
  streamWindow: 100_000,
  takes: true,
  ofStream: ['answer', 'finish'],
  sends: 10,
};

function said(role: Manners['role'], pieces: readonly Uint8Array[]): ObservedConnection {
  const connection = new ObservedConnection({ ...manners, role });
  connection.receive(pieces);
  return connection;
}

function cutAt(octets: Buffer, places: readonly number[]): Uint8Array[] {
  const sorted = [
    0,
    ...places.map((place) => place % octets.length).sort((left, right) => left - right),
    octets.length,
  ];
  return sorted.slice(1).map((to, index) => Uint8Array.prototype.slice.call(octets, sorted[index], to));
}

describe.each(['client', 'server'] as const)('what real %ss said', (from) => {
  const role = from === 'client' ? 'server' : 'client';
  const recorded = trafficOf(from);

  it('comes from five of them', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(25);
  });

  it('means the same in any pieces', () => {
    const places = fc.array(fc.nat(4_000), { maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(fc.constantFrom(...recorded), places, (octets, cuts) => {
        const [whole, pieces] = [said(role, [octets]), said(role, cutAt(octets, cuts))];
        expect(pieces.events).toEqual(whole.events);
        expect(pieces.content()).toEqual(whole.content());
        pieces.finish();
      }),
    );
  });
});

it('what real clients said is no fault', () => {
  for (const octets of trafficOf('client')) {
    const connection = said('server', [octets]);
    expect(connection.error).toBeUndefined();
    expect(connection.events.some((event) => event.startsWith('request'))).toBe(true);
    connection.finish();
  }
});
