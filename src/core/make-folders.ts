/**
 * Make a folder and those above it where they are missing.
 *
 * Node's own recursive way never ends below a folder that takes none, such as one in `/proc`.
 *
 * @param make - makes one folder; rejects with the system's code as `code`.
 * @throws what `make` rejects with, when that is neither a folder that exists nor a missing parent that could be made.
 */
export async function makeFolders(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  try {
    await make(path)
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === "EEXIST" || code === "EISDIR") return
    const parent = parentOf(path)
    if (code !== "ENOENT" || parent === path) throw thrown
    await makeFolders(parent, make)
    await make(path).catch((again: unknown) => {
      if (codeOf(again) !== "EEXIST") throw again
    })
  }
}

function parentOf(path: string): string {
  const bare = path.replace(/\/+$/, "")
  const slash = bare.lastIndexOf("/")
  if (slash > 0) return bare.slice(0, slash)
  return slash === 0 || bare === "" ? "/" : "."
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : undefined
}
