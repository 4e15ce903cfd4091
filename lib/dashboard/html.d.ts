/** The page, bundled to one text: see `scripts/bundle-page.mjs`. */
declare module '*.html' {
  const html: string;
  export default html;
}
