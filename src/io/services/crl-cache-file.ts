import { decodeBase64 } from "../../codec/base64.ts"
import { malformed } from "../../codec/malformed.ts"

const WHAT = "file of the CRL cache"

/** Characters between the values of the file; there are 13 at most in what notation writes. */
const BETWEEN = 64

/** One piece of one list in the file. */
export interface CachedPiece {
  readonly list: "baseCRL" | "deltaCRL"
  readonly bytes: Uint8Array
}

/**
 * Read a file of notation's CRL cache piece by piece.
 *
 * @param chunks - of the file.
 * @returns the DER of the base list, then that of the delta if there is one.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for anything else than what notation writes.
 *
 * Shape: `{"baseCRL":"BASE64","deltaCRL":"BASE64"}`, the second member only if there is a delta; notation-go
 * `verifier/crl/crl.go`.
 */
export async function* readCacheFile(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CachedPiece> {
  const names: CachedPiece["list"][] = []
  let text = ""
  let list: CachedPiece["list"] | undefined
  let ended = false
  for await (const chunk of chunks) {
    text += Buffer.from(chunk).toString("latin1")
    for (;;) {
      if (list !== undefined) {
        const end = text.indexOf('"')
        const take = end < 0 ? text.length - (text.length % 4) : end
        const bytes = decode(text.slice(0, take), end >= 0)
        if (bytes.length > 0) yield { list, bytes }
        text = text.slice(end < 0 ? take : end + 1)
        if (end < 0) break
        list = undefined
        continue
      }
      const close = names.length > 0 && !ended ? /^\s*\}/.exec(text) : null
      if (close !== null) {
        ended = true
        text = text.slice(close[0].length)
      }
      const open = ended ? null : /^\s*([{,])\s*"(baseCRL|deltaCRL)"\s*:\s*"/.exec(text)
      if (open === null) break
      list = open[2] === "baseCRL" ? "baseCRL" : "deltaCRL"
      if ((open[1] === "{") !== (list === "baseCRL") || names.includes(list))
        throw malformed(WHAT, `unexpected ${list}`)
      names.push(list)
      text = text.slice(open[0].length)
    }
    if (list === undefined && text.length > BETWEEN) throw malformed(WHAT, "it is not in the form notation writes")
  }
  if (!ended || text.trim() !== "") throw malformed(WHAT, "it is not in the form notation writes")
}

function decode(text: string, last: boolean): Uint8Array {
  if (!last && text.includes("=")) throw malformed(WHAT, "base64 padding inside a value")
  return decodeBase64(text, { max: text.length, what: WHAT })
}
