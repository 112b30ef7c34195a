import seeds from "@sigstore/tuf/seeds.json" with { type: "json" }
import { decodeBase64 } from "../../../codec/base64.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"

/** The public instance of Sigstore. */
export const DEFAULT_MIRROR = "https://tuf-repo-cdn.sigstore.dev"

/**
 * When what is shipped was published, milliseconds since the epoch: the release of the package it comes out of, whose
 * version is beside it so that a test notices when only one of them changes.
 */
export const SHIPPED: { readonly version: string; readonly at: number } = {
  version: "5.0.1",
  at: Date.UTC(2026, 10, 5),
}

/** Files of the public instance that came with the program. */
export interface ShippedFiles {
  readonly root: Uint8Array
  readonly targets: ReadonlyMap<string, Uint8Array>
}

/** Read them. Mirrors of others begin with a root that the user names. */
export function shippedFiles(): ShippedFiles {
  const files = seeds[DEFAULT_MIRROR]
  const decode = (text: string): Uint8Array => decodeBase64(text, { max: tufBounds.target, what: "shipped trust data" })
  return {
    root: decode(files["root.json"]),
    targets: new Map(Object.entries(files.targets).map(([name, text]) => [decodeURIComponent(name), decode(text)])),
  }
}
