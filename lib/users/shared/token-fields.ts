import type { Timestamp } from '../../common/clock.js';
import { HeldAccessToken } from '../../entra/held-access-token.js';

/** A token as replicas share it. */
export interface SharedToken {
  readonly token: HeldAccessToken;
  /** When the user's token expires, for which nothing is served from then on. `Infinity` for a sign-in. */
  readonly endsAt: Timestamp;
}

// Acquired, expires, refresh after, end of the user's token.
const timeCount = 4;
const bytesOfTime = 8;
const bytesOfLength = 4;

/**
 * Writes a token into bytes: the number of times, the times, the length of the token, the token. Later versions may add
 * times and further fields, which earlier ones skip. The token's times are by the issuer's clock, as far as that is known.
 */
export function encodeToken({ token: held, endsAt }: SharedToken): Buffer {
  const { token, clockAheadInMs: ahead, acquiredAt, expiresOnTimestamp, refreshAfterTimestamp = NaN } = held;
  const times = [acquiredAt - ahead, expiresOnTimestamp - ahead, refreshAfterTimestamp - ahead, endsAt];
  const start = 1 + timeCount * bytesOfTime;
  const bytes = Buffer.allocUnsafe(start + bytesOfLength + token.length);
  bytes.writeUInt8(timeCount, 0);
  times.forEach((time, n) => bytes.writeDoubleLE(time, 1 + n * bytesOfTime));
  bytes.writeUInt32LE(token.length, start);
  bytes.write(token, start + bytesOfLength, 'latin1');
  return bytes;
}

/**
 * @param aheadInMs by how much this machine's clock is ahead of the issuer's
 * @returns `undefined` for bytes that lack one of today's fields
 */
export function decodeToken(bytes: Buffer, aheadInMs: number): SharedToken | undefined {
  const count = bytes.length === 0 ? 0 : bytes.readUInt8(0);
  const start = 1 + count * bytesOfTime;
  if (count < timeCount || bytes.length < start + bytesOfLength) return undefined;
  const from = start + bytesOfLength;
  const end = from + bytes.readUInt32LE(start);
  if (end === from || bytes.length < end) return undefined;
  const time = (n: number): number => bytes.readDoubleLE(1 + n * bytesOfTime);
  const [acquired, expires, refreshAfter, endsAt] = [time(0), time(1), time(2), time(3)];
  if (!Number.isFinite(acquired) || !Number.isFinite(expires) || Number.isNaN(endsAt)) return undefined;
  const token = new HeldAccessToken({
    token: bytes.toString('latin1', from, end),
    acquiredAt: acquired + aheadInMs,
    expiresOnTimestamp: expires + aheadInMs,
    refreshAfterTimestamp: Number.isNaN(refreshAfter) ? undefined : refreshAfter + aheadInMs,
    clockAheadInMs: aheadInMs,
  });
  return { token, endsAt };
}
