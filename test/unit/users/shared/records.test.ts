import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { HeldAccessToken } from '../../../../lib/entra/held-access-token.js';
import { KeyRing } from '../../../../lib/store/encrypted/key-ring.js';
import type { UserResource } from '../../../../lib/users/user-resources.js';
import { RecordPlaces } from '../../../../lib/users/shared/record-place.js';
import { openRecord, sealRecord } from '../../../../lib/users/shared/sealed-record.js';
import { decodeToken, encodeToken } from '../../../../lib/users/shared/token-fields.js';

const resource = (scopes: string[], enableCae = false): UserResource => ({
  name: scopes.join(' '),
  scopes,
  enableCae,
  expectations: {},
});
const graph = resource(['User.Read']);
const first = randomBytes(32);
const second = randomBytes(32);
const ringOf = (current: string, keys: Record<string, Uint8Array>): KeyRing => new KeyRing({ current, keys });
const places = new RecordPlaces(ringOf('a', { a: first }), 'host tenant client');
const ada = places.current('ada', graph);

describe('the place of a record', () => {
  it('tells nothing of the user, and is the same in every replica', () => {
    const again = new RecordPlaces(ringOf('a', { b: second, a: first }), 'host tenant client');
    expect(again.current('ada', resource(['User.Read']))).toEqual(ada);
    expect(ada.name).toMatch(/^[\w-]{43}$/);
    expect(ada.key).toHaveLength(32);
    expect(Buffer.from(ada.name, 'base64url').equals(ada.key)).toBe(false);
  });

  it('is an HMAC of the user, the application and the scopes', () => {
    const secret = hkdfSync('sha512', first, '', 'nestjs-entra-auth/users/shared-cache/1', 64);
    const context = '["host tenant client",["User.Read"],false]\n';
    const digest = createHmac('sha512', Buffer.from(secret)).update(`${context}ada`).digest();
    expect(ada.name).toBe(digest.toString('base64url', 0, 32));
    expect(ada.key.equals(digest.subarray(32))).toBe(true);
  });

  it.each<[string, () => { name: string; key: Buffer }]>([
    ['user', () => places.current('eve', graph)],
    ['scope', () => places.current('ada', resource(['Mail.Read']))],
    ['kind of token', () => places.current('ada', resource(['User.Read'], true))],
    [
      'application',
      () => new RecordPlaces(ringOf('a', { a: first }), 'host tenant other').current('ada', graph),
    ],
    ['key', () => new RecordPlaces(ringOf('a', { a: second }), 'host tenant client').current('ada', graph)],
  ])('is another one for another %s, with a key of its own', (_, make) => {
    const other = make();
    expect(other.name).not.toBe(ada.name);
    expect(other.key.equals(ada.key)).toBe(false);
  });

  it('is the same for scopes in another order', () => {
    const [one, other] = [
      ['a', 'b'],
      ['b', 'a'],
    ].map((scopes) => places.current('ada', resource(scopes)));
    expect(one).toEqual(other);
  });

  it('is found under each key of the ring', () => {
    const both = new RecordPlaces(ringOf('b', { a: first, b: second }), 'host tenant client');
    expect(both.current('ada', graph).keyId).toBe('b');
    expect(both.earlier('ada', graph)).toEqual([ada]);
  });
});

describe('a sealed record', () => {
  const plain = Buffer.from('the fields of a token');
  const record = sealRecord(plain, ada);

  it('is read with the key of its place, and shows neither fields nor key', () => {
    expect(openRecord(record, ada)).toEqual(plain);
    expect(openRecord(new Uint8Array(record), ada)).toEqual(plain);
    expect(record.includes(plain)).toBe(false);
    expect(record.includes(ada.key)).toBe(false);
  });

  it('begins differently each time', () => {
    const versions = Array.from({ length: 100 }, () => sealRecord(plain, ada).toString('hex', 0, 16));
    expect(new Set(versions).size).toBe(100);
  });

  it('is refused with any bit changed, cut or prolonged', () => {
    for (let at = 0; at < record.length; at++) {
      const changed = Buffer.from(record);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(typeof openRecord(changed, ada)).toBe('string');
    }
    for (let length = 0; length < record.length; length++)
      expect(typeof openRecord(record.subarray(0, length), ada)).toBe('string');
    expect(openRecord(Buffer.concat([record, Buffer.of(0)]), ada)).toBe('changed, or of another user');
  });

  it.each([
    ['of another user', places.current('eve', graph), 'changed, or of another user'],
    ['of another name with the same key', { ...ada, name: 'another' }, 'changed, or of another user'],
    ['by another key', { ...ada, keyId: 'b' }, 'another key'],
  ])('%s is refused', (_, place, fault) => {
    expect(openRecord(record, place)).toBe(fault);
  });

  it('of another format is refused, whatever else it has', () => {
    const later = Buffer.from(record);
    later.writeUInt8(2, 0);
    expect(openRecord(later, ada)).toBe('another format');
    expect(openRecord(Buffer.alloc(0), ada)).toBe('another format');
    expect(openRecord(Buffer.from('{"token":"…"}'), ada)).toBe('another format');
  });
});

describe('the fields of a token', () => {
  const token = new HeldAccessToken({
    token: 'header.payload.signature',
    acquiredAt: 1_000,
    expiresOnTimestamp: 9_000_500,
    refreshAfterTimestamp: 5_000,
    clockAheadInMs: 0,
  });

  it('are read as they were written', () => {
    const read = decodeToken(encodeToken({ token, endsAt: 7_000 }), 0);
    expect(read?.endsAt).toBe(7_000);
    expect(read?.token).toMatchObject({
      token: 'header.payload.signature',
      acquiredAt: 1_000,
      expiresOnTimestamp: 9_000_500,
      refreshAfterTimestamp: 5_000,
      tokenType: 'Bearer',
    });
  });

  it('need neither an end of the sign-in nor a time to refresh', () => {
    const plain = new HeldAccessToken({ token: 't', acquiredAt: 1, expiresOnTimestamp: 2 });
    const read = decodeToken(encodeToken({ token: plain, endsAt: Infinity }), 0);
    expect(read?.endsAt).toBe(Infinity);
    expect(read?.token.refreshAfterTimestamp).toBeUndefined();
  });

  it('are by the clock of the issuer, between machines whose clocks differ', () => {
    const fast = new HeldAccessToken({
      token: 't',
      acquiredAt: 100_000,
      expiresOnTimestamp: 500_000,
      refreshAfterTimestamp: 300_000,
      clockAheadInMs: 90_000,
    });
    const read = decodeToken(encodeToken({ token: fast, endsAt: 1 }), 0);
    expect(read?.token).toMatchObject({ expiresOnTimestamp: 410_000, refreshAfterTimestamp: 210_000 });
    expect(decodeToken(encodeToken({ token: fast, endsAt: 1 }), -10_000)?.token.expiresOnTimestamp).toBe(
      400_000,
    );
  });

  it('of a later version are read without what is new', () => {
    const bytes = encodeToken({ token, endsAt: 7_000 });
    const times = bytes.readUInt8(0);
    const later = Buffer.concat([
      Buffer.of(times + 1),
      bytes.subarray(1, 1 + times * 8),
      Buffer.alloc(8, 7),
      bytes.subarray(1 + times * 8),
      Buffer.from('a field of a later version'),
    ]);
    expect(decodeToken(later, 0)).toEqual(decodeToken(bytes, 0));
    expect(decodeToken(later, 0)?.token.token).toBe(token.token);
  });

  it('are refused where one is missing', () => {
    const bytes = encodeToken({ token, endsAt: 7_000 });
    for (let length = 0; length < bytes.length; length++)
      expect(decodeToken(bytes.subarray(0, length), 0)).toBeUndefined();
    const withoutTime = Buffer.from(bytes);
    withoutTime.writeDoubleLE(NaN, 9);
    expect(decodeToken(withoutTime, 0)).toBeUndefined();
    const empty = Buffer.concat([bytes.subarray(0, 33), Buffer.alloc(4)]);
    expect(decodeToken(empty, 0)).toBeUndefined();
  });
});
