import { encodeBase64 } from "../../../codec/base64.ts"
import { signBlob } from "../../../app/sign-blob.ts"
import type { SignedBlob } from "../../../app/requests.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { printable } from "../../../core/printable.ts"
import { blobAndArtifacts, refuseFlags, type Session } from "../session.ts"
import { signingKeyName } from "../signing-key.ts"
import { openOutputs, type FileOutput } from "../file-outputs.ts"

/** `sign --blob FILE`. */
export async function signFile(session: Session): Promise<number> {
  const { flags, args, output } = session
  const artifactFlags = ["format", "annotation", "recursive", "if-missing", "from-file", "signature-repository"]
  refuseFlags(flags, artifactFlags, "`--blob` signs a file, not an artifact in a registry")
  if (args.length > 0) throw blobAndArtifacts(args)
  const keyName = signingKeyName(session)
  const outputs = openOutputs(flags, output.form, ["bundle", "signature"])
  const path = flags.string("blob")
  const app = await session.open([])
  const signed = await signBlob(app, { blob: { path }, key: await app.keys.signingKey(keyName) })
  for (const target of outputs) await app.files.write(target.path, contentOf(target, signed))
  if (outputs.some((target) => target.path === "-")) return 0
  const document = documentOf("SignedFile", {
    path,
    digest: signed.digest,
    size: signed.size,
    signature: encodeBase64(signed.signature),
    written: outputs.map(({ name, path: file }) => ({ what: name, path: file })),
  })
  await output.answer(document, () => {
    const rows = outputs.map(({ name, path: file }) => [name, printable(file)] as const)
    const lines = facts([["digest", signed.digest], ...rows], 2, output.width)
    return `${[`${output.style.good("signed")}  ${printable(path)}`, ...lines].join("\n")}\n`
  })
  return 0
}

function contentOf(target: FileOutput, signed: SignedBlob): Uint8Array {
  return target.name === "bundle" ? signed.bundle : new TextEncoder().encode(encodeBase64(signed.signature))
}
