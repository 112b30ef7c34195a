import type { UnpackBudget } from "./unpack-budget.ts"

const BLOCK = 512
/** Bytes of a long name or of extended attributes. */
const MAX_META = 1024 * 1024

/** Meaning of the types of entries that are accepted. */
const TYPES: ReadonlyMap<string, "file" | "folder" | "meta"> = new Map([
  ["0", "file"],
  ["\0", "file"],
  ["5", "folder"],
  ["x", "meta"],
  ["L", "meta"],
])

/**
 * Rules of the headers of a tar, checked on the bytes as they pass: regular files and folders only, sizes as plain octal
 * numbers, and one header of metadata before an entry at most.
 *
 * SECURITY: readers differ in what they make of all else, and see different files then.
 *
 * Spec: POSIX.1-2024 `pax`; advisories of node-tar, tar-rs and Go's `archive/tar`.
 */
export class TarRules {
  readonly #budget: UnpackBudget
  readonly #header = new Uint8Array(BLOCK)
  #filled = 0
  /** Bytes of content and padding that are still to come. */
  #skip = 0
  #meta = false
  #ended = false

  constructor(budget: UnpackBudget) {
    this.#budget = budget
  }

  /** @throws {ToolError} `E_PLUGIN_INVALID`. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#ended;) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at)
        this.#skip -= passed
        at += passed
        continue
      }
      const part = chunk.subarray(at, at + BLOCK - this.#filled)
      this.#header.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled < BLOCK) continue
      this.#filled = 0
      this.#check()
    }
  }

  #check(): void {
    const header = this.#header
    if (header.every((byte) => byte === 0)) {
      this.#ended = true
      return
    }
    const flag = String.fromCharCode(header[156] ?? 0)
    const type = TYPES.get(flag)
    if (type === undefined) {
      const seen = `an entry has the type ${JSON.stringify(flag)}`
      throw this.#budget.refuse(
        seen,
        "only files and folders are accepted, no links, devices, sparse files and globals",
      )
    }
    const size = this.#size()
    if (type === "meta" && (this.#meta || size > MAX_META)) {
      throw this.#budget.refuse("its metadata is refused", `${size} bytes; at most one header of ${MAX_META} per entry`)
    }
    if (type === "folder" && size > 0) throw this.#budget.refuse("a folder has content", `it has ${size} bytes`)
    this.#meta = type === "meta"
    this.#skip = Math.ceil(size / BLOCK) * BLOCK
  }

  #size(): number {
    const text = String.fromCharCode(...this.#header.subarray(124, 136))
    const digits = /^ *([0-7]{1,11})[ \0]*$/.exec(text)?.[1]
    if (digits !== undefined) return Number.parseInt(digits, 8)
    if (/^[ \0]*$/.test(text)) return 0
    throw this.#budget.refuse("the size of an entry is refused", "expected an octal number")
  }
}
