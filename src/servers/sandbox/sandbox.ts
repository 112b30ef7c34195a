import { join } from "node:path"
import { Hono } from "hono"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Clock, Logger, Randomness } from "../../core/ports.ts"
import type { Sct } from "../../crypto/transparency/sct.ts"
import { createTimestampHandler, type TimestampAlterations } from "../authority/timestamp-handler.ts"
import { createCtLog } from "./ct/ct-log.ts"
import { createFulcio } from "./fulcio/fulcio.ts"
import { type SandboxDocuments, sandboxDocuments } from "./material/documents.ts"
import { loadOrMakeMaterial, type SandboxMaterial } from "./material/keys.ts"
import { publishTrust } from "./material/trust-repository.ts"
import { createOidc } from "./oidc/oidc.ts"
import { FULCIO_AUDIENCE } from "./oidc/id-tokens.ts"
import { createRekor } from "./rekor/create-rekor.ts"
import type { Rekor, RekorFaults, RekorOptions } from "./rekor/options.ts"
import type { TufRepository } from "./tuf/build-repository.ts"
import { SERVICE_PATHS, type SandboxUrls, sandboxUrls } from "./urls.ts"

/** Services that have a clock of their own in tests. */
export type SandboxService = "oidc" | "fulcio" | "ct" | "rekor" | "tsa"

/** Changes to what would be right, so that others can be tested against what is wrong. */
export interface SandboxAlterations {
  readonly sct?: (sct: Sct) => Sct
  /** Where promises of the certificate transparency log go. */
  readonly sctPlace?: () => "embedded" | "detached"
  readonly timestamp?: TimestampAlterations
  readonly rekor?: RekorFaults
  readonly clocks?: Partial<Readonly<Record<SandboxService, Clock>>>
}

/** What a sandbox is made of. */
export interface SandboxOptions {
  /** Holds keys and logs; must exist, and be this sandbox's alone. */
  readonly folder: string
  /** Origin under which clients reach it. */
  readonly url: string
  readonly clock: Clock
  readonly randomness: Randomness
  readonly logger: Logger
  readonly durability?: "full" | "fast"
  /** Seconds between two questions of a client that waits for a login on another device. Default 5. */
  readonly deviceInterval?: number
  /** Further traits of the logs. */
  readonly rekor?: Pick<RekorOptions, "oldDsse" | "witnesses" | "maxBytes">
  readonly alter?: SandboxAlterations
}

/** A private Sigstore. */
export interface Sandbox {
  readonly fetch: (request: Request) => Promise<Response>
  readonly urls: SandboxUrls
  readonly material: SandboxMaterial
  readonly documents: SandboxDocuments
  /** TUF root that clients are begun with. */
  readonly tufRoot: Uint8Array
  close(): Promise<void>
}

/** Policy that Sigstore's timestamp authorities state. */
const TIMESTAMP_POLICY = "1.3.6.1.4.1.57264.2"

/**
 * A private Sigstore: OpenID Connect issuer, Fulcio, certificate transparency log, Rekor v1 and v2, timestamp authority
 * and TUF repository, all under one origin.
 *
 * @throws {ToolError} `E_IO`, `E_STORAGE_LOCKED`, `E_STORAGE_CORRUPT`; errors of keys that somebody changed.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { folder, clock, logger } = options
  const urls = sandboxUrls(options.url)
  const material = await loadOrMakeMaterial(folder, options)
  const documents = sandboxDocuments(material, urls)
  const tuf = await publishTrust(folder, material, documents, clock)
  const rekor = await openRekor(options, urls, material)
  const app = new Hono()
  mountIdentity(app, options, urls, material)
  mountLogs(app, options, rekor, material)
  mountDocuments(app, tuf, documents, urls)
  app.notFound(() => Response.json({ code: 404, message: "not found" }, { status: 404 }))
  app.onError((error, { req }) => {
    logger.warn("sandbox.failure", { path: req.path, error: error.message })
    return Response.json({ code: 500, message: "internal error; see the log of the sandbox" }, { status: 500 })
  })
  return {
    fetch: async (request) => app.fetch(request),
    urls,
    material,
    documents,
    tufRoot: tuf.root,
    close: () => rekor.close(),
  }
}

function openRekor(
  { folder, clock, randomness, logger, durability, rekor = {}, alter }: SandboxOptions,
  urls: SandboxUrls,
  { keys }: SandboxMaterial,
): Promise<Rekor> {
  return createRekor({
    ...rekor,
    folder: join(folder, "rekor"),
    v1: { url: urls.rekor, signer: keys.rekor.signer },
    v2: { url: urls.rekor2, signer: keys.rekor2.signer },
    clock: alter?.clocks?.rekor ?? clock,
    randomness,
    logger,
    ...(durability === undefined ? {} : { durability }),
    ...(alter?.rekor === undefined ? {} : { faults: alter.rekor }),
  })
}

/** Who signs: issuer, Fulcio, and the log of its certificates. */
function mountIdentity(app: Hono, options: SandboxOptions, urls: SandboxUrls, material: SandboxMaterial): void {
  const { clock, randomness, alter = {}, deviceInterval } = options
  const { keys, fulcioChain } = material
  const [issuer = new Uint8Array(0)] = fulcioChain
  const clockOf = (service: SandboxService): Clock => alter.clocks?.[service] ?? clock
  const oidc = createOidc({
    issuer: urls.oidc,
    key: keys.oidc.privateKey,
    clock: clockOf("oidc"),
    randomness,
    ...(deviceInterval === undefined ? {} : { deviceInterval }),
  })
  const ct = createCtLog({
    key: keys.ct.signer,
    clock: clockOf("ct"),
    issuers: [issuer],
    ...(alter.sct === undefined ? {} : { alter: alter.sct }),
  })
  const fulcio = createFulcio({
    key: keys["fulcio-intermediate"].signer,
    chain: fulcioChain,
    ct,
    clock: clockOf("fulcio"),
    randomness,
    // SECURITY: by the true time, whatever a test makes of the certificate's.
    tokens: { key: keys.oidc.privateKey, issuer: urls.oidc, audience: FULCIO_AUDIENCE, clock },
    ...(alter.sctPlace === undefined ? {} : { sct: alter.sctPlace }),
  })
  app.route(SERVICE_PATHS.oidc, oidc)
  app.route(SERVICE_PATHS.ct, ct.app)
  app.route(SERVICE_PATHS.fulcio, fulcio)
}

/** When it was signed: logs and timestamps. */
function mountLogs(app: Hono, options: SandboxOptions, rekor: Rekor, { keys, tsaChain }: SandboxMaterial): void {
  const { clock, randomness, alter = {} } = options
  const stamp = createTimestampHandler({
    key: keys.tsa.signer,
    chain: tsaChain,
    clock: alter.clocks?.tsa ?? clock,
    randomness,
    policy: TIMESTAMP_POLICY,
    ...(alter.timestamp === undefined ? {} : { alter: alter.timestamp }),
  })
  const path = `${SERVICE_PATHS.tsa}/api/v1/timestamp`
  app.all(path, ({ req }) => stamp(req.raw))
  app.all(`${SERVICE_PATHS.rekor}/*`, ({ req }) => rekor.v1.fetch(req.raw))
  app.all(`${SERVICE_PATHS.rekor2}/*`, ({ req }) => rekor.v2.fetch(req.raw))
}

/** What is trusted. */
function mountDocuments(app: Hono, tuf: TufRepository, documents: SandboxDocuments, urls: SandboxUrls): void {
  const serve = (path: string, bytes: Uint8Array, type: string): void => {
    app.get(path, () => bytesResponse(bytes, type))
  }
  serve(
    new URL(urls.timestampChain).pathname,
    encodeUtf8(documents.pem["tsa.pem"]),
    "application/pem-certificate-chain",
  )
  serve("/trusted_root.json", documents.trustedRoot, "application/json")
  serve("/signing_config.json", documents.signingConfig, "application/json")
  serve("/signing_config.v2.json", documents.signingConfigV2, "application/json")
  serve("/healthz", encodeUtf8("ok\n"), "text/plain; charset=utf-8")
  serve("/", encodeUtf8(overview(urls)), "text/plain; charset=utf-8")
  app.get(`${SERVICE_PATHS.tuf}/*`, ({ req }) => {
    const bytes = tuf.files.get(req.path.slice(SERVICE_PATHS.tuf.length + 1))
    if (bytes === undefined) return new Response("not found\n", { status: 404 })
    return bytesResponse(bytes, req.path.endsWith(".json") ? "application/json" : "application/octet-stream")
  })
}

function bytesResponse(bytes: Uint8Array, type: string): Response {
  return new Response(new Uint8Array(bytes), {
    headers: { "content-type": type, "content-length": String(bytes.length), "cache-control": "no-cache" },
  })
}

function overview(urls: SandboxUrls): string {
  const lines = Object.entries(urls).map(([name, url]) => `${name.padEnd(16)}${String(url)}`)
  return `countersign sandbox: a private Sigstore for tests\n\n${lines.join("\n")}\n`
}
