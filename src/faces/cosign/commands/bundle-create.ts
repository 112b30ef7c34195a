import type { AppContext } from "../../../app/requests.ts"
import { createBundle, type CreateBundleRequest } from "../../../app/sigstore/create-bundle.ts"
import { decodeBase64 } from "../../../codec/base64.ts"
import { firstPem } from "../../../codec/pem.ts"
import { limits } from "../../../core/limits.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler, FaceInvocation } from "../face-invocation.ts"
import { readFile, requireFile, writeDocument } from "../files.ts"
import { exclusiveFlags } from "../flag-groups.ts"
import { keyError } from "../keys.ts"

/** `cosign bundle create` */
export const bundleCreate: FaceHandler = async (invocation) => {
  const { flags } = invocation
  exclusiveFlags(flags, ["bundle", "certificate"])
  exclusiveFlags(flags, ["bundle", "signature"])
  const artifact = flags.string("artifact")
  if (artifact === "") throw faceError("must supply --artifact")
  if (flags.string("bundle") === "" && flags.string("signature") === "") {
    throw faceError("must at least supply signature via --bundle or --signature")
  }
  const app = await invocation.open()
  const parts = await partsOf(invocation, app)
  if (/^https?:\/\//.test(artifact)) {
    throw faceError("artifacts at URLs are not supported", { hints: ["download the file and name it, or - for stdin"] })
  }
  await requireFile(app, artifact)
  const logUrl = flags.string("rekor-url")
  const dropsEntry = invocation.generation.name === "cosign2"
  const log = flags.bool("ignore-tlog") || logUrl === "" ? {} : { logUrl }
  await writeDocument(invocation, app, await createBundle(app, { artifact, ...parts, ...log, dropsEntry }))
  return 0
}

async function partsOf(
  { flags }: FaceInvocation,
  app: AppContext,
): Promise<Omit<CreateBundleRequest, "artifact" | "logUrl">> {
  const read = async (flag: string): Promise<Uint8Array | undefined> =>
    flags.string(flag) === "" ? undefined : readFile(app, flags.string(flag), limits.bundleBytes)
  const legacy = await read("bundle").catch((thrown: unknown) => {
    throw prefixed(`reading ${flags.string("bundle")}: `, thrown)
  })
  const signature = await read("signature")
  const timestamp = await read("rfc3161-timestamp")
  const certificate = await read("certificate")
  const envelope = await read("attestation")
  const name = flags.string("key")
  const key =
    name === ""
      ? undefined
      : await app.keys.publicKey(name).catch(async (thrown: unknown) => {
          throw prefixed("loading public key: ", await keyError(app, name, thrown))
        })
  return {
    ...(legacy === undefined ? {} : { legacy }),
    ...(signature === undefined ? {} : { signature: fromBase64(signature, "signature") }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(certificate === undefined ? {} : { certificate: certificateIn(fromBase64(certificate, "certificate")) }),
    ...(envelope === undefined ? {} : { envelope }),
    ...(key === undefined ? {} : { key }),
  }
}

/** Base64 in one line or several. */
function fromBase64(bytes: Uint8Array, what: string): Uint8Array {
  const text = new TextDecoder("latin1").decode(bytes).replaceAll(/[\r\n]/g, "")
  return decodeBase64(text, { what, max: limits.bundleBytes })
}

function certificateIn(pem: Uint8Array): Uint8Array {
  const block = firstPem(new TextDecoder("latin1").decode(pem))
  if (block === undefined) throw faceError("unable to decode provided certificate", { code: "E_FORMAT_MALFORMED" })
  return block.bytes
}
