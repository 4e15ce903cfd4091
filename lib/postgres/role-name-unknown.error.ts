import { EntraAuthError } from '../common/entra-auth.error.js';

/** A data source has no `username`, and the token does not say which role its principal has. */
export class RoleNameUnknownError extends EntraAuthError {
  override readonly name = 'RoleNameUnknownError';
  /** The resource whose token is the password. */
  readonly resource: string;

  constructor(dataSource: string, resource: string, problem: string, oid: string | undefined) {
    const whose = oid === undefined ? '' : ` of the principal with the object id "${oid}"`;
    super('ENTRA_ROLE_NAME_UNKNOWN', {
      problem: `The database role of the data source "${dataSource}" is not known: ${problem}.`,
      fix:
        `Give it as "username": the name of the role${whose}. An Entra administrator of the server sees all of them ` +
        'with: select * from pgaadauth_list_principals(false);',
    });
    this.resource = resource;
  }
}
