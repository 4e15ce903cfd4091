/** A certificate of `localhost` for a day, with its key, as PEM. */
export function selfSigned(): Promise<{ cert: string; key: string }>;
