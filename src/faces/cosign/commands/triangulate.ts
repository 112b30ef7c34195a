import { printable } from "../../../core/printable.ts"
import { cosignRepositoryName, parseRepositoryName } from "../../../core/reference-grammar.ts"
import { faceError } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { signatureRepository } from "../environment.ts"
import { resolveImage } from "../resolve-image.ts"
import type { RegistryTarget } from "../targets.ts"

const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ["signature", "sig"],
  ["attestation", "att"],
  ["sbom", "sbom"],
])

const SBOM_WARNING =
  "WARNING: SBOM attachments are deprecated and support will be removed in a Cosign release soon after 2024-02-22 " +
  "(see https://github.com/sigstore/cosign/issues/2755). Instead, please use SBOM attestations."

/** `cosign triangulate IMAGE`: where something about the image lies. */
export const triangulate: FaceHandler = async (invocation) => {
  const { flags, args, world } = invocation
  const [text] = args
  if (text === undefined || args.length > 1) throw faceError("flag: help requested")
  const type = flags.string("type")
  const suffix = SUFFIXES.get(type)
  if (suffix === undefined && type !== "digest") throw faceError(`unknown attachment type ${type}`)
  const { target, digest } = await resolveImage(invocation, text)
  if (suffix === "sbom") await say(invocation, SBOM_WARNING)
  const repository = whereSignaturesLie(invocation, target)
  const tag = `${flags.string("attachment-tag-prefix")}${digest.replace(":", "-")}.${suffix ?? ""}`
  const place = suffix === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
  await world.stdout.write(`${printable(place)}\n`)
  return 0
}

/** COSIGN_REPOSITORY, else the image's own repository, as cosign prints it. */
export function whereSignaturesLie({ world }: FaceInvocation, target: RegistryTarget): string {
  const { signatureRepository: elsewhere } = signatureRepository(world)
  return cosignRepositoryName(elsewhere === undefined ? target.reference : parseRepositoryName(elsewhere, "cosign"))
}
