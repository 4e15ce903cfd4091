const day = 86_400_000;

/**
 * How long a refresh token lives without being replaced, in milliseconds.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
 */
export const refreshTokenLife = 90 * day;

/** The same for single-page applications, whose refresh tokens all end with the first one. */
export const refreshTokenLifeOfSpa = day;
