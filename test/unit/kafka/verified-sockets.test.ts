import { once } from 'node:events';
import { Socket, type AddressInfo } from 'node:net';
import { createServer, TLSSocket, type Server } from 'node:tls';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InsecureConnectionError } from 'nestjs-entra-auth';

import { VerifiedSockets } from '../../../lib/kafka/verified-sockets.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';

const message = Buffer.from('n,,\x01auth=Bearer secret\x01\x01');

/** As kafkajs marks its errors. */
const kafkaError = (retriable: boolean): Error => Object.assign(new Error('failed'), { retriable });

describe('a message that no verified socket has sent', () => {
  const sockets = new VerifiedSockets();

  it.each([
    ['was answered', () => Promise.resolve()],
    ['was refused by the broker', () => Promise.reject(kafkaError(false))],
  ])('is reported when it %s, and is not tried again', async (_, exchange) => {
    const sent = sockets.send(message, exchange);
    await expect(sent).rejects.toBeInstanceOf(InsecureConnectionError);
    await expect(sent).rejects.toMatchObject({ retriable: false });
  });

  it('fails as the connection did, which is tried again', async () => {
    const ended = kafkaError(true);
    await expect(sockets.send(message, () => Promise.reject(ended))).rejects.toBe(ended);
  });
});

describe('a socket of kafkajs', () => {
  const authority = new CertificateAuthority();
  let server: Server;
  let port: number;
  let sockets: VerifiedSockets;
  let received: Buffer;
  const open: Socket[] = [];

  beforeAll(async () => {
    server = createServer(authority.issueServerCertificate(), (socket) => {
      open.push(socket);
      socket.on('data', (chunk: Buffer) => void (received = Buffer.concat([received, chunk])));
      socket.on('error', () => undefined);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(() => once(server.close(), 'close'));

  beforeEach(() => {
    sockets = new VerifiedSockets();
    received = Buffer.alloc(0);
  });

  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
    jest.restoreAllMocks();
  });

  async function connect(host: string, ca = authority.certificate): Promise<TLSSocket> {
    const socket = sockets.connect({ host, port, ssl: { ca }, onConnect: () => undefined }) as TLSSocket;
    open.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  }

  const arrives = async (length: number): Promise<Buffer> => {
    while (received.length < length) await new Promise(setImmediate);
    return received;
  };

  it('names the host to the server, and an address not', async () => {
    const named = await connect('localhost');
    expect(Reflect.get(named, 'servername')).toBe('localhost');
    const byAddress = await connect('127.0.0.1');
    expect([byAddress.authorized, Reflect.get(byAddress, 'servername')]).toEqual([true, false]);
  });

  it('is kept alive', async () => {
    const keepAlive = jest.spyOn(Socket.prototype, 'setKeepAlive');
    await connect('localhost');
    expect(keepAlive).toHaveBeenCalledWith(true, 60_000);
  });

  it('sends each message in its place, also where others wait to be sent', async () => {
    const socket = await connect('localhost');
    const others = [Buffer.from('first'), Buffer.from('second, longer')];
    const placeholders: Buffer[] = [];
    const answers: (() => void)[] = [];
    const sent = [...others, message].map((one) =>
      sockets.send(one, (placeholder) => {
        placeholders.push(placeholder);
        return new Promise<void>((resolve) => answers.push(resolve));
      }),
    );
    const [first, , last] = placeholders as [Buffer, Buffer, Buffer];
    socket.write(Buffer.from('nothing to fill in;'));
    socket.write(Buffer.concat([Buffer.from('<'), last, Buffer.from('>;')]));
    socket.write(first);
    const expected = Buffer.from(`nothing to fill in;<${message.toString()}>;first`);
    expect(await arrives(expected.length)).toEqual(expected);

    for (const answer of answers) answer();
    const outcomes = await Promise.allSettled(sent);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('passes on how an exchange failed whose message was sent', async () => {
    const socket = await connect('localhost');
    const refused = kafkaError(false);
    const sent = sockets.send(message, (placeholder) => {
      socket.write(placeholder);
      return Promise.reject(refused);
    });
    await expect(sent).rejects.toBe(refused);
  });
});
