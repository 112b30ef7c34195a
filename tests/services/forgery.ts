/** What somebody with write access to a repository can put beside an artifact, made without the code under test. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const EMPTY = "application/vnd.oci.empty.v1+json"
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const IN_TOTO = "application/vnd.in-toto+json"
const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"

/** A descriptor as it stands in manifests. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

/** A key pair and its PEM texts. */
export interface TestKey {
  readonly privateKey: KeyObject
  readonly privatePem: string
  readonly publicPem: string
  /** Hint of Sigstore bundles. */
  readonly hint: string
}

/** A new P-256 key. */
export function newKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const der = publicKey.export({ type: "spki", format: "der" })
  return {
    privateKey,
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicPem: publicKey.export({ type: "spki", format: "pem" }) as string,
    hint: createHash("sha256").update(der).digest("base64"),
  }
}

/** `sha256:…` of bytes or text. */
export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** One repository, written to without any of our client's checks. */
export class Repository {
  readonly #base: string

  /** @param base - `http://host:port/v2/name`. */
  constructor(base: string) {
    this.#base = base
  }

  async blob(mediaType: string, content: string | Uint8Array): Promise<Descriptor> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
    const digest = digestOf(bytes)
    const answer = await fetch(`${this.#base}/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: new Uint8Array(bytes),
    })
    if (answer.status !== 201) throw new Error(`blob: ${answer.status} ${await answer.text()}`)
    return { mediaType, digest, size: bytes.length }
  }

  /** @param tag - absent: by digest. */
  async manifest(document: object, tag?: string): Promise<Descriptor> {
    const text = JSON.stringify(document)
    const digest = digestOf(text)
    const mediaType = (document as { mediaType: string }).mediaType
    const answer = await fetch(`${this.#base}/manifests/${tag ?? digest}`, {
      method: "PUT",
      headers: { "content-type": mediaType },
      body: text,
    })
    if (answer.status !== 201) throw new Error(`manifest: ${answer.status} ${await answer.text()}`)
    return { mediaType, digest, size: Buffer.byteLength(text) }
  }

  /** An artifact with one titled layer per entry. */
  async artifact(tag: string, layers: readonly Descriptor[]): Promise<Descriptor> {
    const config = await this.blob(EMPTY, "{}")
    return this.manifest(
      { schemaVersion: 2, mediaType: MANIFEST, artifactType: "application/test", config, layers },
      tag,
    )
  }

  /** An index of manifests that are there. */
  async index(manifests: readonly Descriptor[], tag?: string): Promise<Descriptor> {
    return this.manifest({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }, tag)
  }

  /** Layers under a signature or attestation tag of a subject. */
  async tagged(subject: string, suffix: "sig" | "att", layers: readonly Descriptor[]): Promise<void> {
    const config = await this.blob("application/vnd.oci.image.config.v1+json", "{}")
    const tag = `${subject.replace(":", "-")}.${suffix}`
    await this.manifest({ schemaVersion: 2, mediaType: MANIFEST, config, layers }, tag)
  }

  /** A bundle as a referrer of a subject. */
  async referrer(subject: Descriptor, bundle: string): Promise<void> {
    const config = await this.blob(EMPTY, "{}")
    const layer = await this.blob(BUNDLE, bundle)
    await this.manifest({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: BUNDLE,
      config,
      layers: [layer],
      subject,
    })
  }
}

/** The bytes DSSE signs, computed from bytes alone. */
export function preAuth(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, "utf8")
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    Buffer.from(payload),
  ])
}

/** What may differ from a good envelope. */
export interface Envelope {
  readonly payload: string | Uint8Array
  readonly payloadType?: string
  readonly keyid?: string
  /** Bytes that are signed instead of the right ones. */
  readonly signed?: Uint8Array
}

/** A DSSE envelope document. */
export function envelope(key: TestKey, { payload, payloadType = IN_TOTO, keyid, signed }: Envelope): string {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "utf8") : Buffer.from(payload)
  const sig = sign("sha256", signed ?? preAuth(payloadType, bytes), key.privateKey).toString("base64")
  const signatures = [keyid === undefined ? { sig } : { sig, keyid }]
  return JSON.stringify({ payload: bytes.toString("base64"), payloadType, signatures })
}

/** A Sigstore bundle around an envelope. */
export function bundle(hint: string, dsse: string): string {
  const parts = { verificationMaterial: { publicKey: { hint } }, dsseEnvelope: JSON.parse(dsse) as object }
  return JSON.stringify({ mediaType: BUNDLE, ...parts })
}

/** Statement that cosign 3 signs for an image. */
export function signStatement(digest: string): Record<string, unknown> {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digest.replace("sha256:", "") } }],
    predicateType: SIGN_PREDICATE,
    predicate: {},
  }
}

/** Claim that cosign 2 signs for an image. */
export function claim(digest: string): Record<string, unknown> {
  const image = { "docker-manifest-digest": digest }
  return {
    critical: { identity: { "docker-reference": "a" }, image, type: "cosign container image signature" },
    optional: null,
  }
}

/** A layer of a `.sig` tag: payload and the signature over it (or over `signed`). */
export async function claimLayer(
  repository: Repository,
  key: TestKey,
  payload: string | Uint8Array,
  signed: string | Uint8Array = payload,
): Promise<Descriptor> {
  const layer = await repository.blob("application/vnd.dev.cosign.simplesigning.v1+json", payload)
  const signature = sign("sha256", Buffer.from(signed as string), key.privateKey).toString("base64")
  return { ...layer, annotations: { "dev.cosignproject.cosign/signature": signature } }
}
