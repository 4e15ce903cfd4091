import { readClaims } from '../../entra/json-web-token.js';
import { wellKnownScope } from '../../entra/well-known-resources.js';
import { principalTypeOf, userNameOf } from '../../database/principal-type.js';
import type { DoctorContext } from './doctor-context.js';
import { failed, ok, warn, type Finding } from './finding.js';

/** Longest password that PgBouncer takes in its plain authentication, in bytes. */
const longestOfPooler = 2_047;

/** Asks for a token as the application would, and shows the claims that decide what it is good for. */
export async function checkToken(context: DoctorContext): Promise<Finding[]> {
  const { clock, settings } = context;
  const { resource, cloud } = settings;
  const startedAt = clock.now();
  try {
    const { engine } = context.assemble({});
    await engine.refresh(resource);
    context.token = engine.lastResort(resource) as DoctorContext['token'];
  } catch (error) {
    return [failed('token', error, 'Check the credential.')];
  }
  const token = context.token?.token ?? '';
  const scope = wellKnownScope(resource, cloud) ?? resource;
  return [
    ok('token', `A token for ${scope} was obtained.`, {
      durationInMs: Math.round(clock.now() - startedAt),
      facts: factsOf(token, context.token?.expiresOnTimestamp),
    }),
    ...sizeFinding(Buffer.byteLength(token)),
  ];
}

/** What may be shown of a token: times and names, nothing that could be used. */
function factsOf(token: string, expiresOnTimestamp: number | undefined): Record<string, string | number> {
  const claims = readClaims(token);
  const facts: Record<string, string | number> = {};
  for (const name of ['aud', 'tid', 'appid', 'oid', 'idtyp']) {
    const value = claims?.[name];
    if (typeof value === 'string') facts[name] = value.slice(0, 100);
  }
  if (claims === undefined) facts['form'] = 'opaque';
  else facts['principal'] = principalTypeOf(claims);
  const user = claims && userNameOf(claims);
  if (user !== undefined) facts['user'] = user;
  if (expiresOnTimestamp !== undefined) facts['expires'] = new Date(expiresOnTimestamp).toISOString();
  return facts;
}

function sizeFinding(sizeInBytes: number): Finding[] {
  if (sizeInBytes <= longestOfPooler) return [];
  return [
    warn(
      'token',
      `The token has ${sizeInBytes} bytes; PgBouncer takes no more than ${longestOfPooler} as a password.`,
      'Connect to PostgreSQL itself (port 5432), or reduce the group claims of the token.',
    ),
  ];
}
