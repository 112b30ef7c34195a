import { KIB } from "../../core/limits.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import type { ListPair } from "./crl-cache.ts"

/** Bytes of a list and its delta together; nearly all lists are smaller. */
const KEPT_BYTES = 256 * KIB

/** A list kept in memory as it came, for where there is no cache. */
export interface KeptLists {
  add(list: "baseCRL" | "deltaCRL", bytes: Uint8Array): void
  /** Forget the delta. */
  dropDelta(): void
  /** Read again for other serial numbers; `undefined` when the lists were too large to keep. */
  read(serials: readonly bigint[]): ListPair | undefined
}

/** Nothing kept yet. */
export function keepLists(): KeptLists {
  let base: Uint8Array[] = []
  let delta: Uint8Array[] = []
  let size = 0
  let whole = true
  const readAll = (pieces: readonly Uint8Array[], serials: readonly bigint[]): ListPair["base"] => {
    const reader = new CertificateListReader(serials)
    for (const piece of pieces) reader.push(piece)
    return reader.end()
  }
  return {
    add(list, bytes) {
      size += bytes.length
      whole &&= size <= KEPT_BYTES
      if (!whole) {
        base = []
        delta = []
      } else if (list === "baseCRL") base.push(Uint8Array.from(bytes))
      else delta.push(Uint8Array.from(bytes))
    },
    dropDelta() {
      delta = []
    },
    read: (serials) =>
      whole
        ? { base: readAll(base, serials), ...(delta.length === 0 ? {} : { delta: readAll(delta, serials) }) }
        : undefined,
  }
}
