/** A credential each of whose tokens comes from the endpoint, so that no cache stands in the way of a new one. */
export interface UncachedCredential {
  readonly isUncached: boolean;
}

/** Whether to ask the credential in another way can bring no other token. */
export function isUncached(credential: unknown): boolean {
  return (
    typeof credential === 'object' &&
    credential !== null &&
    'isUncached' in credential &&
    credential.isUncached === true
  );
}
