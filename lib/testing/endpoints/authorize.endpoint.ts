import type { LocalUser, People } from '../directory/people.js';
import { EntraError } from '../errors/entra.error.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { addressOf, type Authorization, type AuthorizationRedirect } from '../sign-ins/authorization.js';
import { escaped, hidden, page, peopleChoice } from '../sign-ins/pages.js';

const pathPattern = /^\/([^/]+)\/oauth2\/v2\.0\/authorize$/;

/** Who is signed in to the browser. */
export interface BrowserSession {
  user: string | undefined;
}

/**
 * The authorization endpoint. Who is not signed in gets a form with everybody's name instead of passwords.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.1
 */
export class AuthorizeEndpoint implements Endpoint {
  readonly name = 'authorize';

  constructor(
    private readonly authorization: Authorization,
    private readonly people: People,
    private readonly session: BrowserSession,
  ) {}

  matches(path: string): boolean {
    return pathPattern.test(path);
  }

  handle(request: EndpointRequest): EndpointResponse {
    const parameters = new URLSearchParams([...request.query, ...new URLSearchParams(request.body)]);
    const tenant = pathPattern.exec(request.path)?.[1] ?? '';
    try {
      const redirect = this.authorization.decide(tenant, parameters, this.personIn(parameters));
      return redirect === undefined ? this.form(parameters) : responseOf(redirect);
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return page(400, 'Sign in', `<p>${escaped(error.message)}</p>`);
    }
  }

  private personIn(parameters: URLSearchParams): LocalUser | undefined {
    const named = parameters.get('username') ?? this.session.user;
    return named === undefined ? undefined : this.people.find(named);
  }

  private form(parameters: URLSearchParams): EndpointResponse {
    const fields = [...parameters].filter(([name]) => name !== 'username');
    return page(
      200,
      'Sign in',
      `<form method="post">${hidden(fields)}${peopleChoice(this.people.all, parameters.get('login_hint'))}<button>Sign in</button></form>`,
    );
  }
}

function responseOf(redirect: AuthorizationRedirect): EndpointResponse {
  if (redirect.mode !== 'form_post') {
    return { status: 302, headers: { location: addressOf(redirect).href }, body: '' };
  }
  const target = escaped(redirect.redirectUri);
  const form = `<form method="post" action="${target}">${hidden([...redirect.parameters])}<button>Continue</button></form>`;
  return page(200, 'Working...', `${form}<script>document.forms[0].submit()</script>`);
}
