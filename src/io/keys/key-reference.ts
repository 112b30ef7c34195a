import { ToolError } from "../../core/errors.ts"
import { redactUrl } from "../net/redact.ts"

/** A key reference by kind. `name` may be shown to people. */
export type KeyReference =
  | { readonly kind: "file"; readonly path: string; readonly name: string }
  | { readonly kind: "env"; readonly variable: string; readonly name: string }
  | { readonly kind: "url"; readonly url: string; readonly name: string }

const SUPPORTED = "supported are a file, `env://NAME` and, for public keys, `https://` URLs"

/**
 * Understand how a key is named: `env://NAME`, an `http://` or `https://` URL, a file otherwise.
 *
 * @throws {ToolError} `E_KEY_TYPE` for other schemes, with cosign's text in `details.cosign`; `E_KEY_NOT_FOUND` for an
 * empty reference or a URL that is none.
 */
export function parseKeyReference(reference: string): KeyReference {
  if (reference === "") {
    throw new ToolError("E_KEY_NOT_FOUND", { what: "the key reference is empty", why: `saw "", ${SUPPORTED}` })
  }
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(reference)?.[1]?.toLowerCase()
  if (scheme === undefined && !/^pkcs11:/i.test(reference)) return { kind: "file", path: reference, name: reference }
  if (scheme === "env") {
    const variable = reference.slice("env://".length)
    if (variable !== "") return { kind: "env", variable, name: `env://${variable}` }
  }
  if (scheme === "http" || scheme === "https") return { kind: "url", url: urlOf(reference), name: redactUrl(reference) }
  const shown = scheme === undefined ? "pkcs11:" : `${scheme}://`
  throw new ToolError("E_KEY_TYPE", {
    what: `key references of the form ${shown} are not supported by this build`,
    why: `saw ${shown}, ${SUPPORTED}`,
    next: ["export the public key with the tool that holds the key and name that file, or use a key file"],
    details: { cosign: `loading URL: unrecognized scheme: ${shown}` },
  })
}

function urlOf(reference: string): string {
  const url = URL.parse(reference)
  // SECURITY: credentials in a URL end up in logs and process lists.
  if (url === null || url.username !== "" || url.password !== "") {
    throw new ToolError("E_KEY_NOT_FOUND", {
      what: "the key's URL cannot be used",
      why: url === null ? "it is not a URL" : "it holds a user name or password, expected none",
      next: ["write it as `https://host/path`"],
    })
  }
  return url.href
}
