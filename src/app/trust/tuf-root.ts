import { encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import { digestOf } from "../../crypto/hash.ts"
import { tufBounds } from "../../trust/tuf/bounds.ts"
import type { AppContext } from "../requests.ts"

/** Where a root is and what it must be. */
export interface TufRootInput {
  /** File, or http(s) URL. */
  readonly root: string
  /** `[sha256:]HEX` or `sha512:HEX`, lower case. */
  readonly checksum?: string | undefined
  /** A URL needs a checksum. */
  readonly requireChecksum?: boolean
}

const CHECKSUM = /^(?:(sha256|sha512):)?([0-9a-f]{64}|[0-9a-f]{128})$/
const URL_START = /^https?:\/\//

/**
 * Read the root that a TUF repository is to be trusted by.
 *
 * @returns bytes of root.json, not looked into.
 * @throws {ToolError} `E_USAGE` for a checksum that is none, or a URL without one where it is required;
 *   `E_TRUST_MALFORMED` when the checksum differs; what reading throws.
 *
 * Spec: sigstore/cosign `pkg/blob/load.go`.
 */
export async function readTufRoot(app: AppContext, input: TufRootInput, signal?: AbortSignal): Promise<Uint8Array> {
  const { root, checksum } = input
  const expected = checksum === undefined ? undefined : parseChecksum(checksum)
  if (URL_START.test(root) && expected === undefined && input.requireChecksum === true) {
    throw new ToolError("E_USAGE", {
      what: "a root from a URL needs a checksum",
      why: "whoever answers for the URL could give a root of their own",
      next: ["add `--root-checksum HEX`, gotten by another way", "or save the root to a file and look at it first"],
    })
  }
  const bytes = URL_START.test(root)
    ? await app.sigstore.trust.fetchRoot(root, signal)
    : await app.files.read(root, tufBounds.root)
  if (expected === undefined) return bytes
  const seen = encodeHex(digestOf(expected.algorithm, bytes))
  if (seen === expected.hex) return bytes
  throw new ToolError("E_TRUST_MALFORMED", {
    what: `incorrect checksum for file ${root}: expected ${expected.hex} but got ${seen}`,
    why: "the root is not the one that the checksum is of",
    next: ["do not use it; get the root and its checksum again"],
  })
}

function parseChecksum(text: string): { readonly algorithm: "sha256" | "sha512"; readonly hex: string } {
  const [, named, hex = ""] = CHECKSUM.exec(text) ?? []
  const algorithm = named === "sha512" ? "sha512" : "sha256"
  if (hex.length === (algorithm === "sha512" ? 128 : 64)) return { algorithm, hex }
  throw new ToolError("E_USAGE", {
    what: "not a checksum",
    why: `${JSON.stringify(text.slice(0, 200))}, expected 64 hexadecimal digits, sha256: and 64, or sha512: and 128`,
    next: ["make it with `sha256sum root.json`"],
  })
}
