import { LocalPostgresError } from '../local-postgres.error.js';

/**
 * The size of an Azure server: a burstable one by its name, the others by series and vCores, so that `D2` stands for
 * `D2s_v3`, `D2ds_v5` and `D2ads_v5`.
 */
export type ServerSize =
  | 'B1ms'
  | 'B2s'
  | 'B2ms'
  | 'B4ms'
  | 'B8ms'
  | 'B12ms'
  | 'B16ms'
  | 'B20ms'
  | `D${2 | 4 | 8 | 16 | 32 | 48 | 64 | 96}`
  | `E${2 | 4 | 8 | 16 | 20 | 32 | 48 | 64 | 96}`;

const maxConnections: Readonly<Record<ServerSize, number>> = {
  ...{ B1ms: 50, B2s: 429, B2ms: 859, B4ms: 1718, B8ms: 3437, B12ms: 5000, B16ms: 5000, B20ms: 5000 },
  ...{ D2: 859, D4: 1718, D8: 3437, D16: 5000, D32: 5000, D48: 5000, D64: 5000, D96: 5000 },
  ...{ E2: 1718, E4: 3437, E8: 5000, E16: 5000, E20: 5000, E32: 5000, E48: 5000, E64: 5000, E96: 5000 },
};

/** Of these 15, Azure's documents do not tell how many are the superuser's. */
const reserved = { superuser_reserved_connections: '10', reserved_connections: '5' };

/**
 * Settings for the connections that a server of this size takes.
 *
 * @see https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits
 * @throws LocalPostgresError `option-not-valid`
 */
export function connectionLimits(size: ServerSize | undefined): Record<string, string> {
  if (size === undefined) return { max_connections: '200' };
  if (Object.hasOwn(maxConnections, size)) {
    return { max_connections: String(maxConnections[size]), ...reserved };
  }
  throw new LocalPostgresError(
    'option-not-valid',
    `Invalid option "postgres.size": "${size}". Give one of ${Object.keys(maxConnections).join(', ')}.`,
  );
}
