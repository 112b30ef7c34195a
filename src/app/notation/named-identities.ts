import { goQuote } from "../../codec/go-quote.ts"
import type { TrustedIdentity } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { parseTrustedIdentities, parseTrustedIdentity } from "../../policy/notation/trusted-identity.ts"

const OPTIONS = { owner: "the command line", ownKinds: true }

/**
 * Identities as a command line names them, refused in its words rather than in those of policy documents.
 *
 * @param texts - at least one.
 * @throws {ToolError} `E_USAGE`.
 */
export function namedIdentities(texts: readonly string[]): readonly TrustedIdentity[] {
  if (texts.includes("")) {
    throw new ToolError("E_USAGE", {
      what: "an empty identity",
      why: "--identity was given without a value, perhaps from a variable that is not set",
      next: ["check the variable, or name the signer"],
    })
  }
  if (texts.length > 1 && texts.includes("*")) {
    throw new ToolError("E_USAGE", {
      what: "everybody and somebody at once",
      why: "`*` accepts everybody whom the store's authorities certify, and another identity stands beside it",
      next: ["leave out `--identity '*'`, or the other identities"],
    })
  }
  for (const text of texts) checkIdentity(text)
  try {
    return parseTrustedIdentities(texts, OPTIONS)
  } catch (thrown) {
    throw new ToolError("E_USAGE", {
      what: "one identity is part of another",
      why: withoutPrefix(asToolError(thrown).what, `${OPTIONS.owner} has overlapping x509 trustedIdentities, `),
      next: ["leave out the longer one: whoever it names is accepted by the shorter one too"],
      cause: thrown,
    })
  }
}

function checkIdentity(text: string): void {
  const shown = JSON.stringify(text.slice(0, 200))
  if (text !== "*" && !text.includes(":")) {
    throw new ToolError("E_USAGE", {
      what: `not an identity: ${shown}`,
      why: "it does not say of what kind it is; expected KIND:VALUE, such as x509.subject: and a name",
      next: [text.includes("=") ? `write it as \`--identity "x509.subject: ${text.slice(0, 200)}"\`` : EXAMPLE],
    })
  }
  try {
    parseTrustedIdentity(text, OPTIONS)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_USAGE") throw error
    const named = `${OPTIONS.owner} has trusted identity ${goQuote(text)} `
    throw new ToolError("E_USAGE", {
      what: `the identity ${shown} cannot be used`,
      why: withoutPrefix(withoutPrefix(error.what, named), "with invalid identity value: "),
      next: [text.startsWith("x509.subject:") || text.startsWith("x509.issuer:") ? EXAMPLE : "correct the value"],
      cause: error,
    })
  }
}

const EXAMPLE = 'write it as `--identity "x509.subject: C=US, ST=WA, O=acme"`'

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}
