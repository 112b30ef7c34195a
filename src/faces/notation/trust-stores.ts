/** What the commands on trust stores have in common. */
import type { TrustStoreName, TrustStoreType } from "../../core/certified.ts"
import type { NotationHome } from "../../core/notation-home.ts"
import { FILE_NAME } from "./arguments.ts"
import { faceError } from "./face-error.ts"

const TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"]

/** A type of trust stores by its name; `undefined` for others. */
export function storeType(text: string): TrustStoreType | undefined {
  return TYPES.find((type) => type === text)
}

/** `--type`. @throws {ToolError} `E_USAGE` in notation's words. */
export function requiredStoreType(text: string): TrustStoreType {
  if (text === "") throw faceError("store type cannot be empty")
  const type = storeType(text)
  if (type === undefined) throw faceError(`unsupported store type: ${text}`)
  return type
}

/** `--store`. @throws {ToolError} `E_USAGE` in notation's words. */
export function requiredStoreName(text: string): string {
  if (FILE_NAME.test(text)) return text
  throw faceError("named store name needs to follow [a-zA-Z0-9_.-]+ format")
}

/** Where a file of a store lies or would lie, for messages. */
export function storePath(home: NotationHome, { type, name }: TrustStoreName, file?: string): string {
  const parts = [home.folders.config, "truststore", "x509", type, name, ...(file === undefined ? [] : [file])]
  return parts.join("/")
}
