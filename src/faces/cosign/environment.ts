import { parseByteSize } from "../../codec/byte-size.ts"
import type { World } from "../../app/world.ts"
import { parseGoBool } from "../command-line/go-values.ts"
import { faceError } from "./face-error.ts"

/** COSIGN_REPOSITORY: replaces the repository for signatures, verbatim. */
export function signatureRepository(world: World): { readonly signatureRepository?: string } {
  const text = world.env["COSIGN_REPOSITORY"] ?? ""
  return text === "" ? {} : { signatureRepository: text }
}

/** A variable that Go's `strconv.ParseBool` takes as true. */
export function isOn(world: World, variable: string): boolean {
  const read = parseGoBool(world.env[variable] ?? "")
  return "value" in read && read.value
}

/** COSIGN_MAX_ATTACHMENT_SIZE in bytes. @throws {ToolError} when it is no size. */
export function attachmentBytes(world: World): { readonly attachmentBytes?: number } {
  const text = world.env["COSIGN_MAX_ATTACHMENT_SIZE"] ?? ""
  if (text === "") return {}
  try {
    return { attachmentBytes: parseByteSize(text) }
  } catch (cause) {
    throw faceError(`invalid COSIGN_MAX_ATTACHMENT_SIZE: ${text}`, {
      code: "E_CONFIG_INVALID",
      hints: ["write a number of bytes, or one with a unit such as 20MiB"],
      cause,
    })
  }
}

/** Time for `--record-creation-timestamp`: SOURCE_DATE_EPOCH (seconds), else now. Milliseconds. */
export function creationTime(world: World): number {
  const text = world.env["SOURCE_DATE_EPOCH"] ?? ""
  if (text === "") return world.now()
  if (/^-?[0-9]{1,12}$/.test(text)) return Number(text) * 1000
  throw faceError(`invalid SOURCE_DATE_EPOCH: ${text}`, {
    code: "E_CONFIG_INVALID",
    hints: ["write whole seconds since 1970"],
  })
}
