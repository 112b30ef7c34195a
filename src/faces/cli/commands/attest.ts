import { attestArtifacts } from "../../../app/attest.ts"
import { attestBlob } from "../../../app/sign-blob.ts"
import type { PredicateInput } from "../../../app/requests.ts"
import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import type { Files } from "../../../core/ports.ts"
import type { World } from "../../../app/world.ts"
import type { CommandHandler, FlagValues } from "../../command.ts"
import { answerSigned } from "../answer-signed.ts"
import { documentOf } from "../documents.ts"
import { openOutputs } from "../file-outputs.ts"
import { facts } from "../render/facts.ts"
import { witnessFacts, witnessMembers } from "../render/witnesses.ts"
import { requireBundle, sigstoreSigning, unlessPreviewed } from "../keyless-signing.ts"
import { printable } from "../../../core/printable.ts"
import { blobAndArtifacts, command, refuseFlags, requiredFlag, type Session } from "../session.ts"
import { checkCertificateFlags, withCertificates } from "../own-certificates.ts"
import { signerName } from "../signing-key.ts"
import { readTargets } from "../targets.ts"
import { parseFormats } from "../values.ts"

/** Member order of legacy documents; what cosign 3 writes. */
const GENERATION = "cosign3"

/** `attest`. */
export const attest: CommandHandler = command((session) =>
  unlessPreviewed(() => (session.flags.string("blob") === "" ? attestNamed(session) : attestFile(session))),
)

async function attestNamed(session: Session): Promise<number> {
  const { flags, args, world } = session
  refuseFlags(
    flags,
    ["bundle", "envelope"],
    "they are outputs of `--blob FILE`; attestations of artifacts go to the registry",
  )
  const keyName = signerName(session)
  checkCertificateFlags(flags)
  const formats = parseFormats(flags.strings("format"))
  const predicate = await readPredicate(flags, await session.files(), world.stdin)
  const targets = await readTargets(args, flags.string("from-file"), await session.files(), world.stdin)
  const app = await session.open(targets)
  const repository = flags.string("signature-repository")
  const sigstore = await sigstoreSigning(session, app, false)
  const key = keyName === "" ? {} : { key: await app.keys.signingKey(keyName) }
  const report = await attestArtifacts(app, {
    targets,
    ...(await withCertificates(session, app, { ...sigstore, ...key })),
    formats,
    predicate,
    recursive: flags.bool("recursive"),
    replace: flags.bool("replace"),
    generation: GENERATION,
    upload: true,
    ...(repository === "" ? {} : { signatureRepository: repository }),
  })
  return answerSigned(session, report, "attested")
}

async function attestFile(session: Session): Promise<number> {
  const { flags, args, world, output } = session
  const artifactFlags = ["format", "replace", "recursive", "from-file", "signature-repository"]
  refuseFlags(flags, artifactFlags, "`--blob` attests a file, not an artifact in a registry")
  if (args.length > 0) throw blobAndArtifacts(args)
  const keyName = signerName(session)
  checkCertificateFlags(flags)
  const outputs = openOutputs(flags, output.form, ["bundle", "envelope"])
  requireBundle(flags, "envelope")
  const path = flags.string("blob")
  const predicate = await readPredicate(flags, await session.files(), world.stdin)
  const app = await session.open([])
  const sigstore = await sigstoreSigning(session, app, false)
  const key = keyName === "" ? {} : { key: await app.keys.signingKey(keyName) }
  const attested = await attestBlob(app, {
    blob: { path },
    subjectName: path === "-" ? "stdin" : path.slice(path.lastIndexOf("/") + 1),
    predicate,
    ...(await withCertificates(session, app, { ...sigstore, ...key })),
    generation: GENERATION,
  })
  for (const { name, path: file } of outputs)
    await app.files.write(file, name === "bundle" ? attested.bundle : attested.envelope)
  if (outputs.some((target) => target.path === "-")) return 0
  const written = outputs.map(({ name, path: file }) => ({ what: name, path: file }))
  await output.answer(
    documentOf("AttestedFile", { path, sigstore: witnessMembers(attested.sigstore), written }),
    () => {
      const rows = outputs.map(({ name, path: file }) => [name, printable(file)] as const)
      const vouched = attested.sigstore === undefined ? [] : witnessFacts(attested.sigstore)
      const lines = facts([...rows, ...vouched], 2, output.width)
      return `${[`${output.style.good("attested")}  ${printable(path)}`, ...lines].join("\n")}\n`
    },
  )
  return 0
}

async function readPredicate(flags: FlagValues, files: Files, stdin: World["stdin"]): Promise<PredicateInput> {
  const statement = flags.string("statement")
  const predicate = flags.string("predicate")
  if (statement !== "") {
    refuseFlags(flags, ["predicate", "type"], "`--statement` is signed as it is and names its type itself")
    return { statement: await readInput(statement, files, stdin) }
  }
  if (predicate === "") {
    throw new ToolError("E_USAGE", {
      what: "nothing to attest",
      why: "expected --predicate with --type, or --statement",
      next: ["add `--type custom --predicate FILE`"],
    })
  }
  const type = requiredFlag(
    flags,
    "type",
    "a predicate without its type",
    "add `--type spdxjson`, or the type that fits",
  )
  return { type, bytes: await readInput(predicate, files, stdin) }
}

async function readInput(path: string, files: Files, stdin: World["stdin"]): Promise<Uint8Array> {
  return path === "-" ? stdin.read(limits.attachmentBytes) : files.read(path, limits.attachmentBytes)
}
