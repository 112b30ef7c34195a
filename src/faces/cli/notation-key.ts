import { signingKeyEntry } from "../../app/notation/open-signer.ts"
import type { AppContext } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"

/** Begins the name of a key of notation's configuration; nothing behind it = its default key. */
export const NOTATION_KEY = "notation:"

/**
 * Public half of a key of notation's configuration.
 *
 * @param name - with `notation:`.
 * @throws {ToolError} `E_KEY_NOT_FOUND`; `E_USAGE` for a plugin's key, which shows itself only by signing.
 */
export async function notationPublicKey(app: Pick<AppContext, "keys" | "notation">, name: string): Promise<PublicKey> {
  const entry = await signingKeyEntry(app.notation, name.slice(NOTATION_KEY.length))
  if ("keyPath" in entry) return app.keys.publicKey(entry.keyPath, { privateToo: true })
  throw new ToolError("E_USAGE", {
    what: `the public key of ${name} is not known`,
    why: `the plugin ${entry.pluginName} keeps the key, expected one that lies in a file`,
    next: ["name a file with the key, or leave out `--key`"],
  })
}

/** @throws {ToolError} `E_USAGE` for a key of notation's configuration: those sign, and certificates verify them. */
export function refuseNotationKey(name: string): void {
  if (!name.startsWith(NOTATION_KEY)) return
  throw new ToolError("E_USAGE", {
    what: `${name} is a key to sign with`,
    why: "notation's signatures are verified by certificates, expected a public key or a trust store",
    next: ['name whose certificates count: `--trust-store ca:NAME --identity "x509.subject: C=…, ST=…, O=…"`'],
  })
}
