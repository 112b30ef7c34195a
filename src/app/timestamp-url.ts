import { goQuote } from "../codec/go-quote.ts"
import { ToolError } from "../core/errors.ts"

const REFUSED = "cannot get http timestamper for timestamping: "
const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?/

/**
 * Refuse a URL that no timestamp authority can have.
 *
 * @throws {ToolError} `E_USAGE` with notation's text in `what`.
 */
export function checkTimestampUrl(url: string): void {
  const [, scheme = "", credentials, host = ""] = URL_PARTS.exec(url) ?? []
  if (credentials !== undefined || holdsCredentials(url)) {
    // DEVIATION: notation sends them. SECURITY: the URL is not repeated, and none such reaches logs and messages.
    throw new ToolError("E_USAGE", {
      what: `${REFUSED}the URL holds a user name or a password`,
      why: "URLs are written to logs and shown in messages; expected one without credentials",
      next: ["leave out what stands before the `@`"],
    })
  }
  const known = ["http", "https"].includes(scheme.toLowerCase())
  if (known && host !== "" && URL.canParse(url)) return
  const problem = known
    ? host === ""
      ? "host cannot be empty"
      : "not a URL"
    : `scheme must be http or https, but got ${goQuote(scheme.toLowerCase())}`
  throw new ToolError("E_USAGE", {
    what: `${REFUSED}endpoint ${goQuote(url)}: ${problem}`,
    next: ["give the URL that the timestamp authority's operator names, such as `http://timestamp.example`"],
  })
}

/** As the program that connects reads it: `http:user@host` and `http:\\user@host` have credentials too. */
function holdsCredentials(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { username, password } = new URL(url)
  return username !== "" || password !== ""
}
