/** The busiest second may be this much busier than its minute, after three lifetimes. */
export const goalOfSpread = 1.5;

/** The busiest minute after an outage may be this much busier than the hour before it. */
export const goalOfRecovery = 2;
