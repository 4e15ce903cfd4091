/** A token endpoint for the soak's users, in a process of its own: its work does not hold up the event loop that is measured. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { selfSigned } from '../bench/self-signed.mjs';
import { accessTokenOf, oidIn } from './user-tokens.js';

const lifeInSeconds = 90 * 60;
const { cert, key } = await selfSigned();
const server = createServer({ cert, key }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const token = accessTokenOf(String(oidIn(form.get('assertion') ?? '')));
    const body = { token_type: 'Bearer', expires_in: lifeInSeconds, access_token: token };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, 'localhost', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ authorityHost: `https://localhost:${port}`, certificateAuthority: cert });
});
process.once('disconnect', () => process.exit(0));
