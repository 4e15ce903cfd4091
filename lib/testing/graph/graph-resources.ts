import type { LocalUser } from '../directory/people.js';
import type { ServicePrincipal } from '../directory/service-principal.js';
import { mayRead, type GraphCaller } from './graph-caller.js';
import {
  delegatedOnly,
  insufficientPrivileges,
  resourceNotFound,
  unknownSegment,
  type GraphRefusal,
} from './graph-error.js';
import { readMail } from './graph-mail.js';

/** What the directory holds, as far as Graph shows it. */
export interface GraphDirectory {
  principals: readonly ServicePrincipal[];
  users: readonly LocalUser[];
}

/** An object or a list with its entity set, or the refusal. */
export type GraphAnswer =
  | {
      set: string;
      object: object | readonly object[];
      /** The query of the next page. */
      next?: URLSearchParams | undefined;
      refusal?: undefined;
    }
  | { refusal: GraphRefusal };

/** What is asked for below the version. */
export interface GraphQuestion {
  path: string;
  query: URLSearchParams;
}

type Resource = (
  caller: GraphCaller,
  id: string | undefined,
  directory: GraphDirectory,
  query: URLSearchParams,
) => GraphAnswer;

const refused = (refusal: GraphRefusal): GraphAnswer => ({ refusal });

const resources: Readonly<Record<string, Resource>> = {
  me: me,
  users: ofUsers,
  organization: organization,
  servicePrincipals: servicePrincipals,
};

/**
 * Answers `GET` of a path below the version.
 *
 * @see https://learn.microsoft.com/graph/permissions-reference
 */
export function readGraph(
  { path, query }: GraphQuestion,
  caller: GraphCaller,
  directory: GraphDirectory,
): GraphAnswer {
  const [segment = '', id, ...others] = path.split('/').map(decodeURIComponent);
  const resource = Object.hasOwn(resources, segment) ? resources[segment] : undefined;
  if (resource === undefined) return refused(unknownSegment(segment));
  if (others[0] !== undefined) return refused(unknownSegment(others[0]));
  return resource(caller, id, directory, query);
}

function me(
  caller: GraphCaller,
  segment: string | undefined,
  { users }: GraphDirectory,
  query: URLSearchParams,
): GraphAnswer {
  if (!caller.delegated) return refused(delegatedOnly);
  if (segment === 'messages') {
    if (!mayRead(caller, ['Mail.Read', 'Mail.ReadBasic'])) return refused(mailDenied);
    const owner = users.find(({ objectId }) => objectId === caller.objectId);
    if (owner === undefined) return refused(resourceNotFound(caller.objectId));
    const page = readMail(owner, query);
    if (page.refusal !== undefined) return refused(page.refusal);
    return { set: `users('${owner.objectId}')/messages`, object: page.messages, next: page.next };
  }
  if (segment !== undefined) return refused(unknownSegment(segment));
  if (!mayRead(caller, ['User.Read', ...readsEveryUser])) return refused(insufficientPrivileges);
  const user = users.find(({ objectId }) => objectId === caller.objectId);
  return user === undefined
    ? refused(resourceNotFound(caller.objectId))
    : { set: 'users', object: shown(user) };
}

const readsEveryUser = ['User.Read.All', 'Directory.Read.All'];
const mailDenied: GraphRefusal = {
  status: 403,
  code: 'ErrorAccessDenied',
  message: 'Access is denied. Check credentials and try again.',
};

function ofUsers(caller: GraphCaller, id: string | undefined, { users }: GraphDirectory): GraphAnswer {
  const wanted = (user: LocalUser): boolean =>
    [user.objectId, user.userPrincipalName].some((name) => name.toLowerCase() === id?.toLowerCase());
  const user = users.find(wanted);
  const self = caller.delegated && user?.objectId === caller.objectId && mayRead(caller, ['User.Read']);
  const basic = caller.delegated && mayRead(caller, ['User.ReadBasic.All']);
  if (!self && !basic && !mayRead(caller, readsEveryUser)) return refused(insufficientPrivileges);
  if (id === undefined) return { set: 'users', object: users.map(shown) };
  return user === undefined ? refused(resourceNotFound(id)) : { set: 'users', object: shown(user) };
}

function organization(caller: GraphCaller, id: string | undefined): GraphAnswer {
  const allowed = mayRead(caller, ['Organization.Read.All', 'Directory.Read.All']);
  if (!allowed && !(caller.delegated && mayRead(caller, ['User.Read'])))
    return refused(insufficientPrivileges);
  const tenant = { id: caller.tenantId, displayName: 'Contoso' };
  if (id === undefined) return { set: 'organization', object: [tenant] };
  return id === tenant.id ? { set: 'organization', object: tenant } : refused(resourceNotFound(id));
}

function servicePrincipals(
  caller: GraphCaller,
  id: string | undefined,
  { principals }: GraphDirectory,
): GraphAnswer {
  if (!mayRead(caller, ['Application.Read.All', 'Directory.Read.All']))
    return refused(insufficientPrivileges);
  const ofTenant = principals
    .filter(({ tenantId }) => tenantId === caller.tenantId)
    .map(({ objectId, clientId, name }) => ({ id: objectId, appId: clientId, displayName: name }));
  if (id === undefined) return { set: 'servicePrincipals', object: ofTenant };
  const found = ofTenant.find((principal) => principal.id === id);
  return found === undefined ? refused(resourceNotFound(id)) : { set: 'servicePrincipals', object: found };
}

function shown({ objectId, name, userPrincipalName }: LocalUser): object {
  return { id: objectId, displayName: name, userPrincipalName };
}
