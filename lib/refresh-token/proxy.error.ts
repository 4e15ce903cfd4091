/** A proxy that cannot be used or does not connect. Shows no credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';

  constructor(
    readonly problem: string,
    readonly fix: string,
    /** Whether trying again later can help without a repair. */
    readonly retryable = false,
  ) {
    super(problem);
  }
}
