/** What the page says of each benchmark. */
export const prose: Readonly<Record<string, string>>;
