/** Malformed, expired, or signed for or by someone else: another token of the same user may do. */
export const assertionCodes: readonly unknown[] = [50013, 50027, 500131, 500133, 7000114];
