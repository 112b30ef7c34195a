import { DER_TAG, type DerElement, derChildren } from "../../codec/der.ts"
import { tooLarge } from "../../codec/malformed.ts"
import { parsePem } from "../../codec/pem.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Certificate } from "./certificate.ts"
import { parseCertificate } from "./parse-certificate.ts"

const WHAT = "certificate file"
const BEGIN = "-----BEGIN "

/** Occurrences of the start of a PEM block, counting no further than one past the bound. */
function countBlocks(text: string): number {
  let count = 0
  for (let at = text.indexOf(BEGIN); at >= 0 && count <= limits.pemBlocks; at = text.indexOf(BEGIN, at + 1)) count++
  return count
}

interface Block {
  readonly bytes: Uint8Array
  readonly label?: string
}

function fromPem(bytes: Uint8Array): readonly Block[] {
  // Only ASCII matters; what stands around the blocks may be in any encoding.
  const text = new TextDecoder("latin1").decode(bytes)
  const count = countBlocks(text)
  if (count > limits.pemBlocks) throw tooLarge(WHAT, `over ${limits.pemBlocks}`, limits.pemBlocks, "blocks")
  return count === 0 ? [] : parsePem(text, { what: WHAT })
}

function fromDer(bytes: Uint8Array): readonly Block[] {
  const all: DerElement = { tag: DER_TAG.sequence, contents: bytes, raw: bytes, depth: 0 }
  let elements: DerElement[]
  try {
    elements = derChildren(all, WHAT)
  } catch (thrown) {
    throw junk(asToolError(thrown).why)
  }
  if (elements.length > limits.pemBlocks) throw tooLarge(WHAT, elements.length, limits.pemBlocks, "certificates")
  const odd = elements.find(({ tag }) => tag !== DER_TAG.sequence)
  if (odd !== undefined) throw junk(`DER tag 0x${odd.tag.toString(16)}, expected that of a certificate`)
  return elements.map(({ raw }) => ({ bytes: raw }))
}

function junk(why: string | undefined): ToolError {
  return new ToolError("E_FORMAT_MALFORMED", {
    what: "x509: malformed certificate",
    ...(why === undefined ? {} : { why }),
    next: ["give certificates as PEM or DER"],
  })
}

function certificateOf({ bytes, label = "" }: Block): Certificate {
  try {
    return parseCertificate(bytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (label.endsWith("PRIVATE KEY")) throw junk("this is a private key, expected certificates")
    if (label.endsWith("PUBLIC KEY")) throw junk("this is a public key, expected certificates")
    throw error.code === "E_FORMAT_MALFORMED" ? junk(error.why) : error
  }
}

/**
 * Read the certificates of a file: every PEM block whatever its label, or else DER certificates one after the other.
 *
 * @param bytes - untrusted; at most 1 MiB and 64 certificates.
 * @returns in order; none for an empty file.
 * @throws {ToolError} `E_FORMAT_MALFORMED` (`x509: malformed certificate`), `E_KEY_TYPE`,
 *   `E_LIMIT_EXCEEDED`.
 */
export function parseCertificateFile(bytes: Uint8Array): Certificate[] {
  if (bytes.length > limits.pemBytes) throw tooLarge(WHAT, bytes.length, limits.pemBytes, "bytes")
  const blocks = fromPem(bytes)
  return (blocks.length > 0 ? blocks : fromDer(bytes)).map(certificateOf)
}
