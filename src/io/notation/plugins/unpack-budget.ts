import { open } from "node:fs/promises"
import { join } from "node:path"

import { goQuote } from "../../../codec/go-quote.ts"
import type { ToolError } from "../../../core/errors.ts"
import { MIB } from "../../../core/limits.ts"
import { errnoOf, ioError } from "../../system/io-error.ts"
import { pluginInvalid } from "./plugin-invalid.ts"

/** Bytes of all files of a plugin, unpacked; notation's own bound, which must not be reached. */
export const MAX_BYTES: number = 256 * MIB
const MAX_ENTRIES = 1000

/** Kinds of archives, as errors name them. */
export type ArchiveKind = "zip" | "tar.gz"

/**
 * What is taken out of one archive: names that are checked, and bytes that are counted as they come.
 *
 * SECURITY: what an archive says of sizes is not believed.
 */
export class UnpackBudget {
  readonly #kind: ArchiveKind
  readonly #folder: string
  readonly #names = new Set<string>()
  #entries = 0
  #bytes = 0

  /** @param folder - takes the files. */
  constructor(kind: ArchiveKind, folder: string) {
    this.#kind = kind
    this.#folder = folder
  }

  /** Check an entry, whatever it is. @throws {ToolError} `E_PLUGIN_INVALID`. */
  entry(name: string): void {
    if (++this.#entries > MAX_ENTRIES) {
      throw this.refuse("there are too many", `at most ${MAX_ENTRIES} entries are accepted`)
    }
    if (name.includes("..")) {
      throw pluginInvalid(
        `file name in ${this.#kind} cannot contain '..', but found ${goQuote(name)}`,
        "the name could lead out of the folder",
      )
    }
    if (name === "" || /^[/\\]|^[A-Za-z]:|\\|\p{Cc}/u.test(name)) {
      throw this.refuse(`the name ${goQuote(name)} is refused`, "expected a relative name of plain characters")
    }
    this.#once(name.replace(/^(?:\.\/)+/, "").replace(/\/+$/, ""))
  }

  /**
   * Write a file.
   *
   * @param name - without a folder.
   * @param mode - permission bits; only the owner may write, as in notation.
   */
  async file(name: string, mode: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    // The same name in two folders of the archive would be the same file.
    this.#once(`/${name}`)
    const path = join(this.#folder, name)
    try {
      const file = await open(path, "wx", 0o600)
      try {
        for await (const chunk of chunks) {
          for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
        }
        await file.chmod((mode & 0o755) | 0o600)
      } finally {
        await file.close()
      }
    } catch (thrown) {
      if (errnoOf(thrown) === "EEXIST") throw this.#twice(name)
      throw errnoOf(thrown)?.startsWith("E") === true && "syscall" in (thrown as Error)
        ? ioError("write", path, thrown)
        : thrown
    }
  }

  /** Count bytes that were unpacked. @throws {ToolError} `E_PLUGIN_INVALID`. */
  count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes >= MAX_BYTES) {
      throw pluginInvalid(
        "total file size reached the 256 MiB size limit",
        `the archive holds more than ${MAX_BYTES} bytes`,
      )
    }
  }

  /** Error for an entry that no plugin needs. */
  refuse(what: string, why: string, cause?: unknown): ToolError {
    return pluginInvalid(`the ${this.#kind} archive is refused: ${what}`, why, cause)
  }

  #once(name: string): void {
    // Some file systems do not tell these apart.
    const folded = name.normalize("NFC").toLowerCase()
    if (name !== "" && name !== "." && this.#names.has(folded)) throw this.#twice(name)
    this.#names.add(folded)
  }

  #twice(name: string): ToolError {
    return this.refuse(`the name ${goQuote(name)} comes twice`, "which of the two is meant cannot be told")
  }
}
