import type { Provider } from "./discovery.ts"
import { forbidden, rejected, shown } from "./oidc-errors.ts"
import { equalInConstantTime } from "./verify-id-token.ts"

/** Longest code accepted, characters. */
const CODE_CHARACTERS = 4096
/** Parameters whose meaning must not depend on which of two is read. */
const ONCE: readonly string[] = ["state", "code", "iss", "error", "error_description"]

/**
 * Judge what the browser brought back, before the code is used.
 *
 * @param sent - `state` as sent with the login.
 * @returns the authorization code.
 * @throws {ToolError} `E_OIDC_PERMISSION` when the login was denied; `E_OIDC_REJECTED`.
 *
 * Spec: RFC 6749 sections 4.1.2 and 10.12; RFC 9207 section 2.4.
 */
export function checkCallback(
  query: URLSearchParams,
  sent: { readonly state: string; readonly provider: Provider },
): string {
  for (const name of ONCE) {
    const count = query.getAll(name).length
    if (count > 1) throw refused(`${count} parameters ${name}`, "at most one is expected")
  }
  const state = query.get("state")
  if (state === null) throw refused("no state", "whoever sent the browser here does not know the login that was begun")
  if (!equalInConstantTime(state, sent.state)) {
    throw refused("invalid state token", "the answer belongs to another login")
  }
  checkIssuer(query.get("iss"), sent.provider)
  const error = query.get("error")
  if (error !== null) throw denied(error, query.get("error_description"))
  const code = query.get("code")
  if (code === null || code === "" || code.length > CODE_CHARACTERS) {
    throw refused("no usable code", `expected a code of at most ${CODE_CHARACTERS} characters`)
  }
  return code
}

function refused(what: string, why: string): Error {
  return rejected(`the answer of the login is refused: ${what}`, why)
}

function checkIssuer(named: string | null, { issuer, namesItself }: Provider): void {
  if (named === null) {
    if (!namesItself) return
    throw refused("it names no issuer", `the identity provider promises parameter iss, expected ${shown(issuer)}`)
  }
  if (named !== issuer) throw refused("wrong issuer", `expected ${shown(issuer)}, saw ${shown(named)}`)
}

function denied(error: string, description: string | null): Error {
  const said = description === null ? shown(error) : `${shown(error)}: ${shown(description)}`
  if (error === "access_denied") {
    return forbidden("the login was denied", said, ["log in again and allow it, or use a token of another source"])
  }
  return rejected("the identity provider refused the login", said)
}
