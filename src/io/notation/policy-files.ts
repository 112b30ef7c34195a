import { dirname } from "node:path"

import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { PolicyFileKind } from "../../core/notation-home.ts"
import { atomicWrite } from "../system/atomic-write.ts"
import type { HomeContext } from "./home-context.ts"
import { configPath, makePrivateFolder, readRegular, removeFile } from "./home-files.ts"

const NAMES: Readonly<Record<PolicyFileKind, string>> = {
  oci: "trustpolicy.oci.json",
  legacy: "trustpolicy.json",
  blob: "trustpolicy.blob.json",
}

const GUIDE = "https://notaryproject.dev/docs/quickstart/#create-a-trust-policy"

/**
 * A policy file, as it is; `undefined` when it is missing.
 *
 * @throws {ToolError} `E_POLICY_INVALID` for links, folders and files past the limit, `E_IO`; texts of notation.
 */
export async function readPolicy(
  context: HomeContext,
  kind: PolicyFileKind,
): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
  const path = configPath(context, NAMES[kind])
  const irregular = (): ToolError =>
    new ToolError("E_POLICY_INVALID", {
      what: `trust policy is not a regular file (symlinks are not supported). To create a trust policy, see: ${GUIDE}`,
      why: `${path} is a link, a folder or a device`,
      next: [`replace ${path} by a file`],
      details: { path },
    })
  try {
    const bytes = await readRegular(path, limits.configFileBytes, irregular)
    return bytes === undefined ? undefined : { path, bytes }
  } catch (thrown) {
    const errno = thrown instanceof ToolError ? thrown.details["errno"] : undefined
    if (!(thrown instanceof ToolError) || (errno !== "EACCES" && errno !== "EPERM")) throw thrown
    throw new ToolError("E_IO", {
      what: `unable to read trust policy due to file permissions, please verify the permissions of ${path}`,
      ...(thrown.why === undefined ? {} : { why: thrown.why }),
      details: thrown.details,
      cause: thrown,
    })
  }
}

/** Replace a policy file as a whole, readable by the user alone. @returns its path. @throws {ToolError} `E_IO`. */
export async function writePolicy(context: HomeContext, kind: PolicyFileKind, bytes: Uint8Array): Promise<string> {
  const path = configPath(context, NAMES[kind])
  await makePrivateFolder(dirname(path))
  await atomicWrite(path, [bytes], { mode: 0o600, noFollow: true })
  return path
}

/** False when it was not there. @throws {ToolError} `E_IO`. */
export async function removePolicy(context: HomeContext, kind: PolicyFileKind): Promise<boolean> {
  return removeFile(configPath(context, NAMES[kind]))
}
