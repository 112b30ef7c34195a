import type { FormatName } from "../core/format-names.ts"
import { formats } from "../formats/index.ts"
import type { Authority } from "../policy/model.ts"

/** What is known of a format without loading it; rows of the table are that. */
export interface FormatFacts {
  readonly id: FormatName
  readonly family: string
  readonly signer: "key" | "certificate"
}

/** Whether signatures of a format are made with certificates. */
export function needsCertificate(name: FormatName): boolean {
  return formats.some(({ id, signer }) => id === name && signer === "certificate")
}

/**
 * Those of `names` whose signatures an authority of `family` can judge, in the same order.
 *
 * SECURITY: a format of another family is never handed to it: what it would find there says nothing about trust.
 */
export function formatsOfFamily(
  names: readonly FormatName[],
  family: Authority["family"],
  table: readonly FormatFacts[] = formats,
): readonly FormatName[] {
  // Sigstore's identities sign what cosign's keys sign.
  const signed = family === "sigstore" ? "cosign" : family
  return names.filter((name) => table.some((row) => row.id === name && row.family === signed))
}
