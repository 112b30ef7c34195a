import type { StoreKind, StoreReport } from "../../../core/report.ts"
import type { Descriptor } from "../../../core/descriptor.ts"
import { printable } from "../../../core/printable.ts"

const STORE_NAMES: Readonly<Record<StoreKind, string>> = {
  "referrers-api": "referrers API",
  "referrers-tag": "referrers tag",
  "signature-tag": "signature tag",
  "attestation-tag": "attestation tag",
  file: "file",
}

/** A store's name as a person reads it. */
export function storeName(store: StoreKind): string {
  return STORE_NAMES[store]
}

/** What came of asking a store: `2 found`, `none`, `not supported`, `failed: …`. */
export function storeOutcome(report: StoreReport): string {
  switch (report.outcome) {
    case "found":
      return `${report.count} found`
    case "none":
      return "none"
    case "unsupported":
      return "not supported"
    case "failed": {
      const { error } = report
      return error === undefined ? "failed" : `failed: ${printable(error.message)} [${error.code}]`
    }
  }
}

/** `sha256:… (media type, 523 bytes)`; leaves out what is not known. */
export function descriptorText(descriptor: Descriptor): string {
  const facts = [
    ...(descriptor.mediaType === "" ? [] : [printable(descriptor.mediaType)]),
    ...(descriptor.size < 0 ? [] : [`${descriptor.size} bytes`]),
  ]
  return facts.length === 0 ? descriptor.digest : `${descriptor.digest} (${facts.join(", ")})`
}

/** `1 artifact`, `2 artifacts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}
