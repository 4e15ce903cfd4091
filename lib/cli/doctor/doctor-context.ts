import type { Clock } from '../../common/clock.js';
import { AzureIdentityContext } from '../../credential/azure-identity.js';
import type { CredentialConfiguration } from '../../credential/credential-configuration.js';
import type { ChainLink } from '../../credential/default-chain/chain-link.js';
import { chainLinks } from '../../credential/default-chain/chain-links.js';
import { DefaultCredential, type ChainMemory } from '../../credential/default-chain/default.credential.js';
import type { HeldAccessToken } from '../../entra/held-access-token.js';
import { wellKnownScope } from '../../entra/well-known-resources.js';
import { assemble, type Assembly } from '../../options/assemble.js';
import type { EntraAuthModuleOptions } from '../../options/entra-auth-module.options.js';
import type { DoctorSettings } from './doctor.settings.js';

/** What an application with the same settings would be made of. */
export class DoctorContext {
  readonly settings: DoctorSettings;
  readonly clock: Clock;
  readonly links: readonly ChainLink[];
  /** Where the default chain notes the link that gave a token. */
  readonly memory: ChainMemory = {};
  readonly credential: DefaultCredential;
  /** The token of the resource, once it has been obtained. */
  token: HeldAccessToken | undefined;

  /** @throws {CredentialUnavailableError} when `AZURE_TOKEN_CREDENTIALS` cannot be understood */
  constructor(settings: DoctorSettings, clock: Clock) {
    const { authorityHost, ca, cloud } = settings;
    const configuration: CredentialConfiguration = {
      kind: 'default',
      ...(authorityHost === undefined ? {} : { authorityHost }),
      ...(ca === undefined ? {} : { certificateAuthority: ca }),
      requestTimeoutInMs: requestTimeoutInMs,
    };
    this.settings = settings;
    this.clock = clock;
    this.links = chainLinks({}, new AzureIdentityContext(configuration, cloud, clock));
    this.credential = new DefaultCredential(this.links, this.memory);
  }

  /** Makes the parts of an application: nothing is asked for by timers, and nothing is logged. */
  assemble(more: EntraAuthModuleOptions): Assembly {
    const silent = (): void => undefined;
    const logger = { debug: silent, log: silent, warn: silent, error: silent };
    const { cloud, resource } = this.settings;
    const known = wellKnownScope(resource, cloud) !== undefined;
    const options: EntraAuthModuleOptions = {
      credential: this.credential,
      clock: this.clock,
      cloud,
      startup: 'lazy',
      refresh: { background: false, attemptTimeoutInMs: attemptTimeoutInMs },
      resources: { [resource]: known ? {} : { scopes: resource } },
      ...more,
    };
    return assemble(options, { logger });
  }
}

const requestTimeoutInMs = 6_000;
const attemptTimeoutInMs = 9_000;
