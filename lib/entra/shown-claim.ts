/** Shows a claim of a token that is not verified: what would end the line, or write over it, could forge another one in a log. */
export function shownClaim(claim: string, longest: number): string {
  return `"${claim.slice(0, longest).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')}"`;
}
