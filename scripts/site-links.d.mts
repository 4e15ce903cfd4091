/** The links, images and scripts of a built site that lead nowhere, and what comes from another host; a line for each. */
export function brokenLinks(folder: string, base: string): Promise<string[]>;
