import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { Files } from "../../../core/ports.ts"
import { OWN_PLUGIN } from "./own-plugin.ts"

/** Where {@link installOwnPlugin} puts what. */
export interface LendTarget {
  /** Folder that holds one folder per plugin. */
  readonly plugins: string
  /** Words that start this program, absolute paths. */
  readonly launcher: readonly string[]
  /** `linux/amd64` style. */
  readonly platform: string
}

/**
 * Put our plugin where the `notation` command finds it: a small script that starts this program. An older one of ours is
 * replaced; the file is whole at every moment.
 *
 * A script, because notation takes no symbolic link.
 *
 * @returns path of the script.
 * @throws {ToolError} `E_USAGE` on Windows, where notation starts `.exe` files alone; `E_FILE_EXISTS` when something else
 *   lies there; `E_IO`.
 */
export async function installOwnPlugin(files: Files, target: LendTarget): Promise<string> {
  if (target.platform.startsWith("windows")) {
    throw new ToolError("E_USAGE", {
      what: "the plugin cannot be installed on Windows",
      why: "notation starts files that end in .exe there, and the plugin is a script",
      next: ["sign with `countersign sign` instead"],
    })
  }
  const path = `${target.plugins.replace(/(?<=.)\/+$/, "")}/${OWN_PLUGIN}/notation-${OWN_PLUGIN}`
  await refuseForeign(files, path)
  const once = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(encodeUtf8(scriptOf(target.launcher)))
  }
  await files.writeStream(path, once(), { mode: 0o755, noFollow: true, makeFolders: true })
  return path
}

const MARK = "# Written by `countersign keys lend`."

function scriptOf(launcher: readonly string[]): string {
  const words = [...launcher, `notation-${OWN_PLUGIN}`].map(shellWord)
  return `#!/bin/sh\n${MARK}\nexec ${words.join(" ")} "$@"\n`
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

async function refuseForeign(files: Files, path: string): Promise<void> {
  if (!(await files.exists(path))) return
  const size = await files.size(path)
  const ours =
    size !== undefined && size < 64 * 1024 && new TextDecoder().decode(await files.read(path, 64 * 1024)).includes(MARK)
  if (ours) return
  throw new ToolError("E_FILE_EXISTS", {
    what: `${path} is there and is none of ours`,
    why: "only a script that `countersign keys lend` wrote is replaced",
    next: [`look at the file, and remove it with \`notation plugin uninstall ${OWN_PLUGIN}\` if it is not wanted`],
  })
}
