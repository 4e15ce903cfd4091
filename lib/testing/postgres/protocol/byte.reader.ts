import type { Readable } from 'node:stream';

/** The client left in the middle of the login; no answer can reach it. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/**
 * Takes exactly `size` bytes from a stream without other readers. What has arrived beyond them stays in the
 * stream's buffer, where a later reader or pipe finds it.
 *
 * @throws ClientGoneError when the stream ends first.
 */
export async function readBytes(stream: Readable, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let missing = size;
  while (missing > 0) {
    // Never more than there is: that would leave the bytes where they are, and "readable" fires while there are any.
    const part = stream.read(Math.min(missing, stream.readableLength)) as Buffer | null;
    if (part === null) await readableOrOver(stream);
    else {
      parts.push(part);
      missing -= part.length;
    }
  }
  return Buffer.concat(parts);
}

function readableOrOver(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const listeners = {
      readable: (): void => settle(resolve),
      end: (): void => settle(() => reject(gone())),
      close: (): void => settle(() => reject(gone())),
    };
    const events = Object.entries(listeners);
    const settle = (then: () => void): void => {
      for (const [event, listener] of events) stream.off(event, listener);
      then();
    };
    if (stream.destroyed || stream.readableEnded) settle(listeners.end);
    else for (const [event, listener] of events) stream.on(event, listener);
  });
}

function gone(): ClientGoneError {
  return new ClientGoneError('The client closed the connection during the login.');
}
