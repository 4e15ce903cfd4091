/** The messages of an error of `mssql`, whose own is empty where a credential failed: the reason is nested in it. */
export function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { originalError } = error as { originalError?: unknown };
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [originalError ?? error.cause];
  return [error.message, ...inner.flatMap(messagesOf)].filter((message) => message !== '');
}
