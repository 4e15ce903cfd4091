/** A person in the tenant of the local Entra. */
export interface LocalUser {
  /** Display name, `name` in the tokens. */
  readonly name: string;
  /** `upn` in the tokens, and the name of the person's PostgreSQL role. */
  readonly userPrincipalName: string;
  /** `oid` in the tokens. */
  readonly objectId: string;
}

/** The person who signs in unless a test names another. */
export const exampleUser: LocalUser = {
  name: 'Nora Notes',
  userPrincipalName: 'nora@contoso.example',
  objectId: 'bbbbbbbb-1111-2222-3333-cccccccccccc',
};
