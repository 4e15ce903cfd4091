/**
 * The part of ASN.1 that certificates are written in.
 *
 * @see https://www.itu.int/rec/T-REC-X.690 (Distinguished Encoding Rules)
 */
export const der = {
  boolean: (value: boolean): Buffer => tagged(0x01, Buffer.from([value ? 0xff : 0])),
  /** A whole number that is not negative, as big-endian bytes. */
  integer: (bytes: Buffer): Buffer =>
    tagged(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes])),
  bitString: (bytes: Buffer, unusedBits = 0): Buffer =>
    tagged(0x03, Buffer.concat([Buffer.of(unusedBits), bytes])),
  octetString: (bytes: Buffer): Buffer => tagged(0x04, bytes),
  objectIdentifier: (dotted: string): Buffer => tagged(0x06, identifierBytes(dotted)),
  utf8String: (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8')),
  sequence: (...items: Buffer[]): Buffer => tagged(0x30, Buffer.concat(items)),
  set: (...items: Buffer[]): Buffer => tagged(0x31, Buffer.concat(items)),
  null: (): Buffer => tagged(0x05, Buffer.alloc(0)),
  time,
  /** A value whose type its place tells: a primitive one, or one that has others within. */
  context: (number: number, content: Buffer, constructed = false): Buffer =>
    tagged((constructed ? 0xa0 : 0x80) + number, content),
};

/** Years from 2050 on need four digits (RFC 5280 section 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : tagged(0x18, Buffer.from(digits, 'latin1'));
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = bigEndian(length, 256);
  return Buffer.of(0x80 + bytes.length, ...bytes);
}

function identifierBytes(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const groups = [first * 40 + second, ...others].map((number) => {
    const digits = bigEndian(number, 128);
    return digits.map((digit, index) => (index < digits.length - 1 ? digit + 0x80 : digit));
  });
  return Buffer.from(groups.flat());
}

/** The digits of a number, at least one. */
function bigEndian(number: number, base: number): number[] {
  const digits: number[] = [];
  for (let rest = number; digits.length === 0 || rest > 0; rest = Math.floor(rest / base)) {
    digits.unshift(rest % base);
  }
  return digits;
}
