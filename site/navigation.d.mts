/** The pages of the site in the order in which a newcomer needs them, by the path that each has in the repository. */
export const navigation: { text: string; pages: Record<string, string> }[];

/** The paths of all pages. */
export const pagesOfSite: string[];

/** Where a page is on the site. */
export function addressOf(page: string): string;
