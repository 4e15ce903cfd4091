import type { Directory } from '../directory/directory.js';
import type { People } from '../directory/people.js';
import { answerOrRefuse, EntraError } from '../errors/entra.error.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { requireParameter } from '../client-authentication/token-request.js';
import { escaped, page, peopleChoice } from '../sign-ins/pages.js';
import type { SignInRegistry } from '../sign-ins/sign-in.registry.js';
import { delegatedScope } from '../tokens/delegated-scope.js';
import type { Apis } from '../directory/apis.js';

const requestPath = /^\/([^/]+)\/oauth2\/v2\.0\/devicecode$/;
const pagePath = '/common/oauth2/deviceauth';

/** What the endpoint works with. */
export interface DeviceCodeEndpointParts {
  directory: Directory;
  apis: Apis;
  people: People;
  signIns: SignInRegistry;
  host: string;
  now: () => number;
}

/**
 * Gives devices their codes, and has the page on which people enter them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.1
 */
export class DeviceCodeEndpoint implements Endpoint {
  readonly name = 'device-code';

  constructor(private readonly parts: DeviceCodeEndpointParts) {}

  matches(path: string): boolean {
    return path === pagePath || requestPath.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    if (request.path === pagePath) return this.page(request);
    return answerOrRefuse(request, this.parts.now, () => this.codes(request));
  }

  private codes({ path, body }: EndpointRequest): object {
    const { directory, signIns, apis, host, now } = this.parts;
    const parameters = new URLSearchParams(body);
    const tenantId = directory.requireTenantFor(
      requestPath.exec(path)?.[1] ?? '',
      parameters.get('client_id'),
    );
    const client = directory.requireClient(tenantId, requireParameter(parameters, 'client_id'));
    const scope = requireParameter(parameters, 'scope');
    delegatedScope(scope, tenantId, apis);
    const { userCode, deviceCode, interval, expiresAt } = signIns.addDevice(client, scope);
    const verificationUri = `${host}${pagePath}`;
    return {
      user_code: userCode,
      device_code: deviceCode,
      verification_uri: verificationUri,
      expires_in: Math.floor((expiresAt - now()) / 1000),
      interval,
      message: `To sign in, use a web browser to open the page ${verificationUri} and enter the code ${userCode} to authenticate.`,
    };
  }

  private page({ method, body }: EndpointRequest): EndpointResponse {
    const form = new URLSearchParams(body);
    const code = form.get('user_code');
    if (method !== 'POST' || code === null) {
      const fields = `<label>Code <input name="user_code"></label>${peopleChoice(this.parts.people.all, null)}`;
      return page(
        200,
        'Enter code',
        `<form method="post">${fields}<button>Continue</button><button name="decline" value="1">Cancel</button></form>`,
      );
    }
    try {
      const user = form.get('username') ?? undefined;
      this.parts.signIns.decide(code, form.has('decline') ? 'declined' : { user });
      return page(200, 'You have signed in', '<p>You may now close this window.</p>');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const { message } = new EntraError(70018);
      return page(400, 'Enter code', `<p>${escaped(message)}</p>`);
    }
  }
}
