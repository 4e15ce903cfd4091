import { describe, expect, it } from '@jest/globals';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import { resolveMySqlTls } from '../../../lib/mysql/mysql-tls.js';

const verified = { rejectUnauthorized: true, verifyIdentity: true };

describe('the TLS of a server of MySQL', () => {
  it.each<[string, unknown, object]>([
    ['nothing', undefined, {}],
    ['true', true, {}],
    ['no option', {}, {}],
    ['a client certificate without an authority', { cert: 'c', key: 'k' }, { cert: 'c', key: 'k' }],
    ['both checks', verified, {}],
    ['options that are undefined', { ca: undefined, rejectUnauthorized: undefined, pfx: undefined }, {}],
  ])('is verified with %s', (_, given, kept) => {
    expect(resolveMySqlTls('ssl', given)).toMatchObject({ ...verified, ...kept });
  });

  it.each<[unknown, string | RegExp]>([
    ['Amazon RDS', 'Invalid option "ssl": the name of a profile of mysql2.'],
    [5, 'Invalid option "ssl": 5.'],
    [null, 'Invalid option "ssl": null.'],
    [{ rejectUnauthorized: 'true' }, 'Invalid option "ssl.rejectUnauthorized": a string.'],
    [{ ['x'.repeat(50)]: 1 }, `Invalid option "ssl.${'x'.repeat(40)}": ignored by mysql2.`],
    [{ dhparam: 'x' }, /mysql2 knows ca, .*, verifyIdentity\.$/],
    [{ pfx: 'x' }, 'rejectUnauthorized, verifyIdentity. Give "cert" and "key".'],
  ])('is refused for %j', (given, message) => {
    const resolve = (): unknown => resolveMySqlTls('ssl', given);
    expect(resolve).toThrow(EntraOptionsError);
    expect(resolve).toThrow(message);
  });
});
