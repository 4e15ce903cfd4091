/** What `pg` calls a password function on. */
interface Client {
  end(): unknown;
}

/**
 * A function that returns a token, for drivers that ask for the password on each new connection. `pg` calls it as a method of its
 * client, and leaves the connection open when it rejects: that is ended here, or it keeps a place on the server for a minute.
 */
export function passwordFunction(getToken: () => Promise<{ token: string }>): () => Promise<string> {
  return async function password(this: unknown): Promise<string> {
    try {
      return (await getToken()).token;
    } catch (error) {
      if (isClient(this)) end(this).catch(() => undefined);
      throw error;
    }
  };
}

function isClient(caller: unknown): caller is Client {
  if (typeof caller !== 'object' || caller === null) return false;
  return 'connectionParameters' in caller && 'end' in caller && typeof caller.end === 'function';
}

async function end(client: Client): Promise<void> {
  await client.end();
}
