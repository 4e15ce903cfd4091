/**
 * A token endpoint for on-behalf-of exchanges, in a process of its own so that its work does not count as a client's. It signs
 * nothing: the local Entra would take most of a minute for what is held here.
 */
import { createServer } from 'node:https';

import { selfSigned } from './self-signed.mjs';
import { accessTokenOf, clientInfoOf, idTokenOf, oidIn, refreshTokenOf } from './users-tokens.mjs';

const { cert, key } = await selfSigned();
let requests = 0;
const server = createServer({ cert, key }, (request, response) => {
  requests++;
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const oid = oidIn(form.get('assertion'));
    const scopes = (form.get('scope') ?? '').split(' ');
    const body = {
      token_type: 'Bearer',
      scope: 'User.Read',
      expires_in: 5 * 3600,
      access_token: accessTokenOf(oid),
      ...(scopes.includes('openid') && { id_token: idTokenOf(oid), client_info: clientInfoOf(oid) }),
      ...(scopes.includes('offline_access') && { refresh_token: refreshTokenOf(oid) }),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, 'localhost', () =>
  process.send({ authorityHost: `https://localhost:${server.address().port}`, certificateAuthority: cert }),
);
process.on('message', () => process.send(requests));
process.once('disconnect', () => process.exit(0));
