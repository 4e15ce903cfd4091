/** Makes JavaScript of one TypeScript file, without checking its types. */
export function transpile(
  source: string,
  path: string,
  needs?: { metadata?: boolean },
): Promise<{ code: string; map: string }>;
