import { EntraAuthError } from '../common/entra-auth.error.js';

const mostShown = 20;
const longestShown = 200;

/** A token was asked for under a name that is neither a configured resource nor a scope. */
export class UnknownResourceError extends EntraAuthError {
  override readonly name = 'UnknownResourceError';
  /** What was asked for, cut when it is long. */
  readonly resource: string;

  constructor(resource: string, known: readonly string[]) {
    const shown = known.slice(0, mostShown).map((name) => `"${name.slice(0, longestShown)}"`);
    if (known.length > mostShown) shown.push(`and ${known.length - mostShown} more`);
    const list = shown.length === 0 ? 'none' : shown.join(', ');
    const asked = resource.slice(0, longestShown);
    super('ENTRA_RESOURCE_UNKNOWN', {
      problem: `Unknown resource "${asked}" (configured: ${list}).`,
      fix: `Add it to the module's "resources", or pass scopes such as "https://graph.microsoft.com/.default".`,
    });
    this.resource = asked;
  }
}
