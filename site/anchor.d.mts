/** The anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string;
