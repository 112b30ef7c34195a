import { encodeBase64 } from "../../../codec/base64.ts"
import { signBlob } from "../../../app/sign-blob.ts"
import type { SignedBlob } from "../../../app/blob-requests.ts"
import type { FormatName } from "../../../app/requests.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { witnessFacts, witnessMembers } from "../render/witnesses.ts"
import { requireBundle, sigstoreSigning } from "../keyless-signing.ts"
import { printable } from "../../../core/printable.ts"
import { signNotationBlob } from "../../../app/notation/sign-blob.ts"
import { ToolError } from "../../../core/errors.ts"
import { certifiedOptions } from "../certificate-options.ts"
import { blobAndArtifacts, refuseFlags, requiredFlag, type Session } from "../session.ts"
import { checkCertificateFlags, withCertificates } from "../own-certificates.ts"
import { openSigners, signerName } from "../signing-key.ts"
import { parseAnnotations, parseFormats } from "../values.ts"
import { KEYLESS_FLAGS } from "../tables/keyless-flags.ts"
import { openOutputs, type FileOutput } from "../file-outputs.ts"
import { writeOutput } from "../write-output.ts"

/** Flags that bare signatures and bundles of files have no place for. */
const CERTIFIED_ONLY = ["annotation", "media-type", "plugin-config", "expires", "timestamp-root", "overwrite"]

/** Envelopes that a file's signature can be, by the format that names them. */
const FORMS: Partial<Record<FormatName, "jws" | "cose">> = { notation: "jws", "notation-cose": "cose" }

/** `sign --blob FILE`. */
export async function signFile(session: Session): Promise<number> {
  const { flags, args, output } = session
  const artifactFlags = ["recursive", "if-missing", "from-file", "signature-repository"]
  refuseFlags(flags, artifactFlags, "`--blob` signs a file, not an artifact in a registry")
  if (args.length > 0) throw blobAndArtifacts(args)
  if (flags.given("format")) return signFileWithCertificate(session)
  const fitting = "it goes with `--format notation` or `--format notation-cose`"
  refuseFlags(flags, CERTIFIED_ONLY, fitting, "add `--format notation`")
  const keyName = signerName(session)
  checkCertificateFlags(flags)
  const outputs = openOutputs(flags, output.form, ["bundle", "signature"])
  requireBundle(flags, "signature")
  const path = flags.string("blob")
  const app = await session.open([])
  const sigstore = await sigstoreSigning(session, app, false)
  const key = keyName === "" ? {} : { key: await app.keys.signingKey(keyName) }
  const signed = await signBlob(app, {
    blob: { path },
    ...(await withCertificates(session, app, { ...sigstore, ...key })),
  })
  for (const target of outputs) await app.files.write(target.path, contentOf(target, signed))
  if (outputs.some((target) => target.path === "-")) return 0
  const document = documentOf("SignedFile", {
    path,
    digest: signed.digest,
    size: signed.size,
    signature: encodeBase64(signed.signature),
    sigstore: witnessMembers(signed.sigstore),
    written: outputs.map(({ name, path: file }) => ({ what: name, path: file })),
  })
  await output.answer(document, () => {
    const rows = outputs.map(({ name, path: file }) => [name, printable(file)] as const)
    const vouched = signed.sigstore === undefined ? [] : witnessFacts(signed.sigstore)
    const lines = facts([["digest", signed.digest], ...rows, ...vouched], 2, output.width)
    return `${[`${output.style.good("signed")}  ${printable(path)}`, ...lines].join("\n")}\n`
  })
  return 0
}

/** `sign --blob FILE --format notation`: one envelope, written as it is. */
async function signFileWithCertificate(session: Session): Promise<number> {
  const { flags, output } = session
  const [format, ...others] = parseFormats(flags.strings("format"))
  const form = format === undefined ? undefined : FORMS[format]
  if (format === undefined || form === undefined || others.length > 0) throw oneNotationFormat()
  refuseFlags(flags, ["bundle"], "bundles hold no notation signatures")
  const services = KEYLESS_FLAGS.map(({ name }) => name)
  refuseFlags(
    flags,
    services,
    "notation signatures are made with a key and its certificate chain",
    "leave out `--format`",
  )
  const path = flags.string("blob")
  const target = requiredFlag(flags, "signature", "no file for the signature", `pass \`--signature ${path}.jws.sig\``)
  const app = await session.open([])
  const { certified } = await openSigners(session, app, [format], "blob")
  if (certified === undefined) throw oneNotationFormat()
  const signature = await signNotationBlob(app, {
    path,
    mediaType: flags.string("media-type"),
    form,
    signer: certified,
    annotations: parseAnnotations(flags.strings("annotation")),
    ...(await certifiedOptions(session, app, true)),
  })
  await writeOutput(session, app, target, signature)
  if (target === "-") return 0
  const written = [{ what: "signature", path: target }]
  await output.answer(documentOf("SignedFile", { path, format, written }), () => {
    const lines = facts([["signature", printable(target)]], 2, output.width)
    return `${[`${output.style.good("signed")}  ${printable(path)}`, ...lines].join("\n")}\n`
  })
  return 0
}

function oneNotationFormat(): ToolError {
  return new ToolError("E_USAGE", {
    what: "`--format` of a file is notation or notation-cose",
    why: "without it, a Sigstore bundle or a bare signature is written",
    next: ["leave out `--format`, or name one notation format"],
  })
}

function contentOf(target: FileOutput, signed: SignedBlob): Uint8Array {
  return target.name === "bundle" ? signed.bundle : new TextEncoder().encode(encodeBase64(signed.signature))
}
