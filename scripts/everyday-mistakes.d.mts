/** A mistake of every day, and the line that tells of it. */
export interface EverydayMistake {
  mistake: string;
  /** What was written, shortened. */
  wrote: string;
  /** The line of the error or of the log. `<…>` stands for what differs between runs. */
  message: string;
}

export const everydayMistakes: readonly EverydayMistake[];
