import { readFileSync } from "node:fs"
import { decodeBase64 } from "../../../src/codec/base64.ts"

/** A signature made by notation 1.3.2. */
export interface Signed {
  readonly key: string
  readonly format: "jws" | "cose"
  readonly expiry: string | null
  readonly metadata: Readonly<Record<string, string>>
  /** Text of the manifest that holds it. */
  readonly manifest: string
  readonly bytes: Uint8Array
}

/** An envelope made by notation-core-go 1.3.0. */
export interface LibrarySigned {
  readonly name: "signing-authority" | "extended" | "other-type"
  readonly format: "jws" | "cose"
  readonly bytes: Uint8Array
}

function read(name: string): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(new URL(`../../../src/formats/notation/testdata/${name}`, import.meta.url), "utf8")
  return (JSON.parse(text) as readonly { readonly envelope: string }[]).map(({ envelope, ...rest }) => ({
    ...rest,
    bytes: decodeBase64(envelope, { max: 2 ** 20, what: "test" }),
  }))
}

/** See SOURCE in the folder. */
export function readSigned(): readonly Signed[] {
  return read("notation-1.3.2.json") as unknown as readonly Signed[]
}

/** See SOURCE in the folder. */
export function readLibrarySigned(): readonly LibrarySigned[] {
  return read("notation-core-go-1.3.0.json") as unknown as readonly LibrarySigned[]
}
