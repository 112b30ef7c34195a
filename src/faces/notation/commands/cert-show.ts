import { certificateFacts, type CertificateFacts } from "../../../app/notation/certificate-facts.ts"
import type { AppContext } from "../../../app/requests.ts"
import { goTimeString } from "../../../codec/go-time.ts"
import type { TrustStoreName } from "../../../core/certified.ts"
import { limits } from "../../../core/limits.ts"
import { printable } from "../../../core/printable.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { readFile } from "../read-file.ts"
import { requiredStoreName, requiredStoreType, storePath } from "../trust-stores.ts"

const RULE = `${"-".repeat(80)}\n`

/** `notation cert show --type TYPE --store NAME FILE` */
export const certShow: FaceHandler = async (invocation) => {
  const { flags, args, world, log } = invocation
  const type = requiredStoreType(flags.string("type"))
  const store: TrustStoreName = { type, name: requiredStoreName(flags.string("store")) }
  const [file = ""] = args
  if (file === "") throw faceError("certificate fileName cannot be empty")
  const app = await invocation.open()
  await log("debug", `Showing details of certificate: ${storePath(app.notation, store, file)}`)
  const certificates = await readStored(app, store, file).catch((thrown: unknown) => {
    throw prefixed(`failed to show details of certificate ${file}, with error: `, thrown)
  })
  await world.stdout.write(`Certificate details\n${RULE}${certificates.map(detailsOf).join(RULE)}`)
  return 0
}

/** SECURITY: only files that lie in the store are read; notation joins whatever was typed to the path. */
async function readStored(app: AppContext, store: TrustStoreName, file: string): Promise<readonly CertificateFacts[]> {
  const stored = (await app.notation.listCertificates(store.type, store.name)).find((each) => each.file === file)
  if (stored === undefined) {
    const path = storePath(app.notation, store, file)
    throw faceError(`open ${path}: no such file or directory`, "E_FILE_NOT_FOUND")
  }
  const certificates = certificateFacts(await readFile(app, stored.path, limits.pemBytes))
  if (certificates.length > 0) return certificates
  throw faceError("no valid certificate found in the file", "E_TRUST_MALFORMED")
}

function detailsOf(certificate: CertificateFacts): string {
  return (
    `Issuer: ${printable(certificate.issuer)}\n` +
    `Subject: ${printable(certificate.subject)}\n` +
    `Valid from: ${goTimeString(certificate.notBefore)}\n` +
    `Valid to: ${goTimeString(certificate.notAfter)}\n` +
    `IsCA: ${String(certificate.ca)}\n` +
    `SHA256 Thumbprint: ${certificate.thumbprint}\n`
  )
}
