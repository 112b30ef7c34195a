import type { PolicyFileKind } from "../../core/notation-home.ts"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import {
  checkPackPath,
  encodePack,
  packBounds,
  type PackedFile,
  packMessage,
  packPayload,
  packScheme,
} from "../../envelopes/trust-pack/trust-pack.ts"
import type { AppContext } from "../requests.ts"

/** A file of the user and its name in the pack. */
export interface FileToPack {
  readonly file: string
  readonly path: string
}

/** What goes into a pack. */
export interface PackRequest {
  readonly out: string
  readonly key: SigningKey
  readonly name: string
  /** Default: seconds since the epoch. */
  readonly version?: number
  /** Trusted root and signing config of the Sigstore instance in use. */
  readonly sigstore: boolean
  /** With `sigstore`: out of the cache, or what came with the program. */
  readonly offline: boolean
  /** Trust stores and trust policies of notation's configuration. */
  readonly notation: boolean
  readonly files: readonly FileToPack[]
}

/** What was packed. */
export interface Packed {
  readonly name: string
  readonly version: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
  /** Of the trusted root, where there is one: when it was last refreshed, milliseconds since the epoch. */
  readonly refreshedAt?: number
}

const POLICIES: Readonly<Record<PolicyFileKind, string>> = {
  oci: "trustpolicy.oci.json",
  legacy: "trustpolicy.json",
  blob: "trustpolicy.blob.json",
}

/**
 * Put trust data into one signed file.
 *
 * @throws {ToolError} `E_USAGE` when there is nothing to pack, a path cannot be packed, or two are the same;
 *   `E_FILE_EXISTS`; `E_KEY_TYPE`; what reading throws.
 */
export async function packTrust(app: AppContext, request: PackRequest, signal?: AbortSignal): Promise<Packed> {
  const sigstore = request.sigstore ? await sigstoreFiles(app, request.offline, signal) : undefined
  const files = [
    ...(sigstore?.files ?? []),
    ...(request.notation ? await notationFiles(app) : []),
    ...(await Promise.all(request.files.map((each) => readFile(app, each)))),
  ]
  if (files.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "nothing to pack",
      why: "no file was named, and neither --sigstore nor --notation given or anything found for them",
      next: ["name what to pack, such as `--sigstore`, `--notation` or `keys/release.pub=release.pub`"],
    })
  }
  const now = app.clock.now()
  const version = request.version ?? Math.floor(now / 1000)
  const payload = asUsage(() => packPayload({ name: request.name, version, created: now, files }))
  const { key } = request
  const signature = await key.sign(packMessage(payload), packScheme(key.publicKey))
  await app.files.write(request.out, encodePack(payload, key.publicKey, signature), { exclusive: true })
  return {
    name: request.name,
    version,
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length })),
    ...(sigstore === undefined ? {} : { refreshedAt: sigstore.refreshedAt }),
  }
}

async function sigstoreFiles(
  app: AppContext,
  offline: boolean,
  signal?: AbortSignal,
): Promise<{ readonly files: readonly PackedFile[]; readonly refreshedAt: number }> {
  const { trust } = app.sigstore
  const root = await trust.trustedRoot({ offline }, signal)
  const files = [{ path: "sigstore/trusted_root.json", bytes: root.bytes }]
  for (const [path, rekorV2] of [
    ["sigstore/signing_config.json", false],
    ["sigstore/signing_config.v2.json", true],
  ] as const) {
    try {
      files.push({ path, bytes: (await trust.signingConfig({ offline, rekorV2 }, signal)).bytes })
    } catch (thrown) {
      // Not every repository has them, and verifying needs none.
      if (!(thrown instanceof ToolError) || thrown.code !== "E_TRUST_MISSING") throw thrown
    }
  }
  return { files, refreshedAt: root.refreshedAt }
}

async function notationFiles(app: AppContext): Promise<readonly PackedFile[]> {
  const stored = await app.notation.listCertificates()
  const certificates = stored.map(({ type, name, file, path }) =>
    readFile(app, { file: path, path: `notation/truststore/x509/${type}/${name}/${file}` }),
  )
  const kinds = Object.keys(POLICIES) as readonly PolicyFileKind[]
  const policies = await Promise.all(kinds.map((kind) => app.notation.readPolicy(kind)))
  const found = policies.flatMap((policy, index): PackedFile[] => {
    const kind = kinds[index]
    return policy === undefined || kind === undefined
      ? []
      : [{ path: `notation/${POLICIES[kind]}`, bytes: policy.bytes }]
  })
  return [...(await Promise.all(certificates)), ...found]
}

async function readFile(app: AppContext, { file, path }: FileToPack): Promise<PackedFile> {
  asUsage(() => {
    checkPackPath(path)
  })
  return { path, bytes: await app.files.read(file, packBounds.content) }
}

/** What cannot be packed is the caller's mistake. */
function asUsage<T>(make: () => T): T {
  try {
    return make()
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code !== "E_FORMAT_MALFORMED") throw thrown
    throw new ToolError("E_USAGE", {
      what: "the files cannot be packed",
      why: thrown.message,
      next: ["name the file in the pack otherwise: `folder/name=FILE`"],
      cause: thrown,
    })
  }
}
