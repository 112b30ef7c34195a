import { certificateFacts } from "../../../app/notation/certificate-facts.ts"
import type { AppContext } from "../../../app/requests.ts"
import type { StoredCertificate } from "../../../core/notation-home.ts"
import { limits } from "../../../core/limits.ts"
import { prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { readFile } from "../read-file.ts"
import { tableText } from "../table-text.ts"
import { storeType } from "../trust-stores.ts"

/** `notation cert list`: prints nothing, not even a heading, when there are none. */
export const certList: FaceHandler = async (invocation) => {
  const { flags, world } = invocation
  const typed = flags.string("type")
  const name = flags.string("store")
  const type = storeType(typed)
  // COMPAT(notation 1.3): an unknown type has no stores.
  if (typed !== "" && type === undefined) return 0
  const app = await invocation.open()
  const certificates = await listed(app, type, name).catch((thrown: unknown) => {
    throw prefixed(`failed to list all certificates stored ${place(typed, name)}, with error: `, thrown)
  })
  if (certificates.length === 0) return 0
  const rows = certificates.map((stored) => [stored.type, stored.name, stored.file])
  await world.stdout.write(tableText([["STORE TYPE", "STORE NAME", "CERTIFICATE"], ...rows]))
  return 0
}

/** Files that hold a certificate. @throws {ToolError} for files that are none. */
async function listed(
  app: AppContext,
  type: StoredCertificate["type"] | undefined,
  name: string,
): Promise<readonly StoredCertificate[]> {
  const found: StoredCertificate[] = []
  for (const stored of await app.notation.listCertificates(type, name === "" ? undefined : name)) {
    const bytes = await readFile(app, stored.path, limits.pemBytes)
    if (certificateFacts(bytes).length > 0) found.push(stored)
  }
  return found
}

function place(type: string, name: string): string {
  if (type === "") return name === "" ? "in the trust store" : `in the named store ${name}`
  return name === "" ? `of type ${type}` : `in the named store ${name} of type ${type}`
}
