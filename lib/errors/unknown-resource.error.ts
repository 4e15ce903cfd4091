import { EntraAuthError } from './entra-auth.error.js';

/** A token was asked for under a name that is neither a configured resource nor a scope. */
export class UnknownResourceError extends EntraAuthError {
  override readonly name = 'UnknownResourceError';
  /** What was asked for. */
  readonly resource: string;

  constructor(resource: string, known: readonly string[]) {
    const list = known.length === 0 ? 'none' : known.map((name) => `"${name}"`).join(', ');
    super('ENTRA_RESOURCE_UNKNOWN', {
      problem: `Unknown resource "${resource}" (configured: ${list}).`,
      fix: `Add it to the module's "resources", or pass scopes such as "https://graph.microsoft.com/.default".`,
    });
    this.resource = resource;
  }
}
