/** Requests of Kafka that are understood before a client is logged in, and Metadata. */
export const apiKey = { metadata: 3, saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 } as const;

const longestRequest = 100_000;

/** Reads the types of the Kafka protocol. @see https://kafka.apache.org/protocol */
export class KafkaReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  int16(): number {
    this.#at += 2;
    return this.bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.bytes.readInt32BE(this.#at - 4);
  }

  string(): string {
    return this.take(Math.max(0, this.int16())).toString('utf8');
  }

  /** Bytes whose length is an unsigned varint, plus one. */
  compactBytes(): Buffer {
    let size = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = this.bytes.readUInt8(this.#at++);
      size |= (byte & 0x7f) << shift;
    }
    return this.take(size - 1);
  }

  take(size: number): Buffer {
    if (this.#at + size > this.bytes.length) throw new RangeError('The request ends early.');
    this.#at += size;
    return this.bytes.subarray(this.#at - size, this.#at);
  }
}

export const int8 = (value: number): Buffer => Buffer.from([value]);

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const int64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

export const string = (value: string): Buffer =>
  Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);

/** A short text whose length is one byte, plus one. */
export const compactString = (value: string): Buffer =>
  Buffer.concat([int8(Buffer.byteLength(value) + 1), Buffer.from(value)]);

/** Splits what arrives into requests, without their lengths. */
export function requestsOf(onRequest: (request: Buffer) => void): (chunk: Buffer) => void {
  let received = Buffer.alloc(0);
  return (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4) {
      const size = received.readInt32BE();
      if (size < 0 || size > longestRequest) throw new RangeError('The request is too long.');
      if (received.length < size + 4) return;
      onRequest(received.subarray(4, size + 4));
      received = received.subarray(size + 4);
    }
  };
}
