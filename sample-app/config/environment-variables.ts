import { plainToInstance } from 'class-transformer';
import {
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  IsUUID,
  Matches,
  Max,
  Min,
  ValidateIf,
  validateSync,
} from 'class-validator';

const onAzure = ({ PGHOST }: EnvironmentVariables): boolean => Boolean(PGHOST);
const withRegistration = ({ API_CLIENT_ID }: EnvironmentVariables): boolean => Boolean(API_CLIENT_ID);
const neededOnAzure = { message: '$property is needed when PGHOST is set' };

/** The environment variables of the application. `AZURE_*` are read by `@azure/identity` itself. */
export class EnvironmentVariables {
  /** Where the application listens; 0 is any free port. */
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT: number = 3000;

  /** With it the application runs against Azure; without, against the local platform. */
  @IsOptional()
  @IsString()
  PGHOST?: string;

  @IsInt()
  @Min(1)
  @Max(65_535)
  PGPORT: number = 5432;

  @ValidateIf(onAzure)
  @IsNotEmpty(neededOnAzure)
  PGDATABASE?: string;

  /** The database role that stands for the application's identity. */
  @ValidateIf(onAzure)
  @IsNotEmpty(neededOnAzure)
  PGUSER?: string;

  /** With it the application has a queue and a cache on Azure. */
  @IsOptional()
  @IsString()
  REDIS_HOST?: string;

  @IsInt()
  @Min(1)
  @Max(65_535)
  REDIS_PORT: number = 10_000;

  /** With it the application serves callers and people who sign in on Azure: the client id of its registration. */
  @IsOptional()
  @IsUUID('loose')
  API_CLIENT_ID?: string;

  /** The tenant of the registration, whose people call and sign in. */
  @ValidateIf(withRegistration)
  @IsUUID('loose', { message: 'API_TENANT_ID must be the id of the tenant, as API_CLIENT_ID is set' })
  API_TENANT_ID?: string;

  /** Encrypts sign-ins: 32 random bytes in base64url, from Key Vault. */
  @ValidateIf(withRegistration)
  @Matches(/^[\w-]{43}$/, { message: 'SIGN_IN_KEY must be 32 bytes in base64url, as API_CLIENT_ID is set' })
  SIGN_IN_KEY?: string;

  /** The address that browsers know; the registration has its `/sign-in/callback`. */
  @ValidateIf(withRegistration)
  @IsUrl(
    { protocols: ['https'], require_tld: false, require_protocol: true },
    { message: 'PUBLIC_URL must be an https URL, as API_CLIENT_ID is set' },
  )
  PUBLIC_URL?: string;

  /** Read by `@azure/identity` too. */
  @IsUrl({ protocols: ['https'], require_tld: false })
  AZURE_AUTHORITY_HOST: string = 'https://login.microsoftonline.com';

  /** How often the mail of those who signed in is read. */
  @IsInt()
  @Min(1)
  @Max(86_400)
  DIGEST_INTERVAL_SECONDS: number = 60;

  @IsUrl({ protocols: ['https'], require_tld: false })
  GRAPH_URL: string = 'https://graph.microsoft.com';

  /** How long the tokens of the local platform live. */
  @IsInt()
  @Min(5)
  @Max(86_400)
  TOKEN_LIFETIME_SECONDS: number = 60;
}

/** Called by `ConfigModule`: the application does not start with a setting that is wrong. */
export function validateEnvironment(given: Record<string, unknown>): EnvironmentVariables {
  const variables = plainToInstance(EnvironmentVariables, given, { enableImplicitConversion: true });
  const problems = validateSync(variables).flatMap(({ constraints }) => Object.values(constraints ?? {}));
  if (problems.length > 0) throw new Error(`Check the environment variables: ${problems.join('; ')}.`);
  return variables;
}
