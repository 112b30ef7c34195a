import { createHash } from "node:crypto"

/** What the browser shows after a login. Texts are plain, not HTML. */
export interface CallbackPage {
  readonly status: number
  readonly title: string
  readonly text: string
}

/** Shown once the token is verified. */
export const SUCCESS: CallbackPage = {
  status: 200,
  title: "Signing identity verified!",
  text: "You can close this page and go back to the terminal.",
}

/** Shown when the login came to nothing. */
export function failurePage(text: string): CallbackPage {
  return { status: 400, title: "The login did not succeed", text }
}

const STYLE =
  "body{font:1.1em/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em;color:#222;background:#fff}h1{font-size:1.6em}"

const STYLE_HASH = createHash("sha256").update(STYLE, "utf8").digest("base64")

/** Headers of every page: nothing is loaded, run, framed, stored, or told to others (the address holds the code). */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  connection: "close",
}

/** The page as HTML. */
export function renderPage(page: CallbackPage): string {
  const title = escapeHtml(page.title)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1><p>${escapeHtml(page.text)}</p></body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
