/**
 * Text of another party without the JSON Web Tokens in it: a server may repeat what it was sent.
 *
 * SECURITY: a token shown in an error ends in the log of a CI job, where others read it while it is valid.
 *
 * @param text - untrusted; the work is linear in its length.
 */
export function withoutTokens(text: string): string {
  return text.replace(TOKEN, "(token)")
}

/** Base64url of what begins with a brace and a quote, a point, and what follows. */
const TOKEN = /(?<![\w-])ey[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g
