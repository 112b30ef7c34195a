import { faceError } from "./face-error.ts"

/** Last part of a path. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}

/**
 * Kind of envelope, told by a signature file's name: `NAME.jws.sig` or `NAME.cose.sig`.
 *
 * @throws {ToolError} `E_USAGE` in notation's words.
 */
export function signatureForm(path: string): "jws" | "cose" {
  const name = baseName(path)
  const parts = name.split(".")
  const invalid = `invalid signature filename ${name}.`
  if (parts.length < 2 || parts.at(-1)?.toLowerCase() !== "sig") {
    throw faceError(`${invalid} The file extension must be .sig`)
  }
  if (parts.length < 3) {
    throw faceError(`${invalid} A valid signature file name must contain signature format and .sig file extension`)
  }
  const form = parts.at(-2)?.toLowerCase() ?? ""
  if (form === "jws" || form === "cose") return form
  throw faceError(
    `signature format ${JSON.stringify(form)} not supported\nSupported signature envelope formats are "jws" and "cose"`,
  )
}

/** Where the signature of a file goes: `DIRECTORY/NAME.FORM.sig`. @param directory - empty = beside the file. */
export function signaturePath(blob: string, form: "jws" | "cose", directory: string): string {
  const name = `${baseName(blob)}.${form}.sig`
  const slash = blob.lastIndexOf("/")
  const beside = slash < 0 ? "" : blob.slice(0, slash + 1)
  if (directory === "") return `${beside}${name}`
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`
}
