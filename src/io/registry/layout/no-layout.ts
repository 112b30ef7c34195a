import { stat } from "node:fs/promises"

import { ToolError } from "../../../core/errors.ts"

/**
 * The error about a folder without the file `oci-layout`: whoever named it mistyped it, or has not written it yet.
 *
 * @returns `E_FILE_NOT_FOUND`, which says whether there is a folder at all.
 */
export async function noLayout(root: string): Promise<ToolError> {
  const found = await stat(root).catch(() => undefined)
  const why =
    found === undefined
      ? "there is no such folder"
      : found.isDirectory()
        ? "its file oci-layout is missing"
        : "it is a file"
  return new ToolError("E_FILE_NOT_FOUND", {
    what: `${root} is not an OCI layout`,
    why: `${why}; expected the folder of an OCI layout`,
    next: ["check the path after `oci:`, or write a layout there with `countersign push`"],
    details: { path: root },
  })
}
