import { join } from "node:path"
import { encodePem } from "../../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../../codec/utf8.ts"
import type { Clock, SigningKey } from "../../../core/ports.ts"
import { buildTufRepository, type TopRole, type TufRepository, type TufTarget } from "../tuf/build-repository.ts"
import { readSmall, writeWhole } from "./data-folder.ts"
import type { SandboxDocuments } from "./documents.ts"
import type { SandboxMaterial } from "./keys.ts"

const DAY = 24 * 60 * 60 * 1000
/** Days each role is good for. */
const GOOD_FOR: Readonly<Record<TopRole, number>> = { root: 3650, targets: 730, snapshot: 730, timestamp: 730 }
/** Holds the version of everything but the root. */
const STATE = "tuf-version"
/** What clients are begun with. */
export const TUF_ROOT_FILE = "root.json"

/**
 * The TUF repository of a sandbox: its documents, and the single keys and certificates that old clients look for.
 *
 * Every start publishes anew under the next version, so that clients that were here before take it; the root stays.
 *
 * @throws {ToolError} `E_IO`.
 */
export async function publishTrust(
  folder: string,
  material: SandboxMaterial,
  documents: SandboxDocuments,
  clock: Clock,
): Promise<TufRepository> {
  const version = (await lastVersion(folder)) + 1
  const key: readonly SigningKey[] = [material.keys.tuf.signer]
  const now = clock.now()
  const expiry = (role: TopRole): number => (role === "root" ? material.since : now) + GOOD_FOR[role] * DAY
  const built = await buildTufRepository({
    keys: { root: key, targets: key, snapshot: key, timestamp: key },
    versions: { root: 1, targets: version, snapshot: version, timestamp: version },
    expires: {
      root: expiry("root"),
      targets: expiry("targets"),
      snapshot: expiry("snapshot"),
      timestamp: expiry("timestamp"),
    },
    targets: targetsOf(material, documents),
  })
  const root = await keptRoot(folder, built.root)
  // Before anybody can ask: a version is never published twice with other content.
  await writeWhole(join(folder, STATE), `${version}\n`, 0o600)
  const files = new Map(built.files)
  for (const name of ["root.json", "1.root.json"]) files.set(name, root)
  return { root, files }
}

async function lastVersion(folder: string): Promise<number> {
  const bytes = await readSmall(join(folder, STATE))
  const text = bytes === undefined ? "0" : decodeUtf8(bytes, STATE).trim()
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
}

/** The root as it was first made: its signature is another one each time. */
async function keptRoot(folder: string, made: Uint8Array): Promise<Uint8Array> {
  const path = join(folder, TUF_ROOT_FILE)
  const kept = await readSmall(path)
  if (kept !== undefined) return kept
  await writeWhole(path, made)
  return made
}

function targetsOf({ fulcioChain, tsaChain }: SandboxMaterial, documents: SandboxDocuments): readonly TufTarget[] {
  const { trustedRoot, signingConfig, signingConfigV2, pem } = documents
  const [intermediate = new Uint8Array(0), root = new Uint8Array(0)] = fulcioChain
  const [stamper = new Uint8Array(0), stamperRoot = new Uint8Array(0)] = tsaChain
  const certificate = (der: Uint8Array): Uint8Array => encodeUtf8(encodePem("CERTIFICATE", der))
  const legacy = (name: string, bytes: Uint8Array, usage: NonNullable<TufTarget["sigstore"]>["usage"]): TufTarget => ({
    name,
    bytes,
    sigstore: { usage, status: "Active" },
  })
  return [
    { name: "trusted_root.json", bytes: trustedRoot },
    { name: "signing_config.v0.2.json", bytes: signingConfig },
    { name: "signing_config_rekor_v2.v0.2.json", bytes: signingConfigV2 },
    legacy("fulcio_v1.crt.pem", certificate(root), "Fulcio"),
    legacy("fulcio_intermediate_v1.crt.pem", certificate(intermediate), "Fulcio"),
    legacy("rekor.pub", encodeUtf8(pem["rekor.pub"]), "Rekor"),
    legacy("ctfe.pub", encodeUtf8(pem["ctfe.pub"]), "CTFE"),
    legacy("tsa_leaf.crt.pem", certificate(stamper), "TSA"),
    legacy("tsa_root.crt.pem", certificate(stamperRoot), "TSA"),
  ]
}
