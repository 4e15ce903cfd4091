/** Whether two names of tenants are the same. GUIDs and domains are so in any case of their letters. */
export function sameTenant(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a?.length === b?.length && a?.toLowerCase() === b?.toLowerCase());
}
