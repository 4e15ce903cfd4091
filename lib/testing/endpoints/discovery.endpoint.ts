import { isTenantGroup, type Directory } from '../directory/directory.js';
import { answerOrRefuse } from '../errors/entra.error.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';

const configurationPath = /^\/([^/]+)\/(v2\.0\/)?\.well-known\/openid-configuration$/;
const instancePath = '/common/discovery/instance';

/**
 * What clients read before they ask for a token: the OpenID configuration of a tenant, and instance discovery.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export class DiscoveryEndpoint implements Endpoint {
  readonly name = 'discovery';

  constructor(
    private readonly directory: Directory,
    private readonly authorityHost: string,
    private readonly graphUrl: string,
    private readonly now: () => number,
  ) {}

  matches(path: string): boolean {
    return path === instancePath || configurationPath.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    if (request.path === instancePath) return { status: 200, body: this.instances() };
    const [, named = '', second] = configurationPath.exec(request.path) ?? [];
    return answerOrRefuse(request, this.now, () => {
      const tenant = isTenantGroup(named) ? named : this.directory.requireTenant(named);
      return second === undefined ? this.versionOne(tenant) : this.configuration(tenant);
    });
  }

  /** What {@link configuration} has, with the endpoints and the issuer of version 1.0. */
  private versionOne(tenantId: string): object {
    const tenant = `${this.authorityHost}/${tenantId}`;
    return {
      ...this.configuration(tenantId),
      token_endpoint: `${tenant}/oauth2/token`,
      jwks_uri: `${tenant}/discovery/keys`,
      issuer: `https://sts.windows.net/${issuerTenant(tenantId)}/`,
      authorization_endpoint: `${tenant}/oauth2/authorize`,
      device_authorization_endpoint: `${tenant}/oauth2/devicecode`,
      end_session_endpoint: `${tenant}/oauth2/logout`,
    };
  }

  private configuration(tenantId: string): object {
    const tenant = `${this.authorityHost}/${tenantId}`;
    return {
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: `${this.authorityHost}/${issuerTenant(tenantId)}/v2.0`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${tenant}/oauth2/v2.0/devicecode`,
      userinfo_endpoint: `${this.graphUrl}/oidc/userinfo`,
      code_challenge_methods_supported: ['plain', 'S256'],
      end_session_endpoint: `${tenant}/oauth2/v2.0/logout`,
      tenant_region_scope: null,
    };
  }

  private instances(): object {
    const host = new URL(this.authorityHost).host;
    const first = this.directory.principals[0]?.tenantId ?? 'common';
    return {
      tenant_discovery_endpoint: `${this.authorityHost}/${first}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    };
  }
}

/** Of several tenants each has an issuer of its own, which the client has to fill in. */
function issuerTenant(tenantId: string): string {
  return isTenantGroup(tenantId) ? '{tenantid}' : tenantId;
}
