import { Hono } from "hono"
import { encodeBase64 } from "../../../codec/base64.ts"
import { encodePem } from "../../../codec/pem.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import { KIB } from "../../../core/limits.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { defaultScheme } from "../../../crypto/schemes.ts"
import { buildDetachedSct } from "../../../crypto/transparency/detached-sct.ts"
import { verifySignature } from "../../../crypto/verify.ts"
import { readBody } from "../../authority/read-body.ts"
import { type TokenCheck, verifyToken } from "../oidc/id-tokens.ts"
import { keyOfRequest } from "./certificate-request.ts"
import { type Issued, issueCertificate, type IssuerParts } from "./issue.ts"
import { principalOf } from "./principal.ts"
import { FulcioRefusal, readLegacyOrder, readOrder, type Order } from "./read-order.ts"

/** A request holds a key, a signature and a token. */
const MAX_REQUEST = 128 * KIB

/** What the authority is made of. */
export interface FulcioOptions extends IssuerParts {
  /** The issuer whose tokens are taken. */
  readonly tokens: TokenCheck
  /** Where promises of the log go. Default: into the certificate. */
  readonly sct?: () => "embedded" | "detached"
}

/**
 * A certificate authority for identity tokens, with both APIs of Fulcio.
 *
 * @returns handler of requests below the path of the authority.
 *
 * Spec: sigstore/fulcio `fulcio.proto`, `fulcio_legacy.proto`.
 */
export function createFulcio(options: FulcioOptions): Hono {
  const app = new Hono()
  const chainPem = options.chain.map((der) => encodePem("CERTIFICATE", der))
  app.post("/api/v2/signingCert", ({ req }) =>
    answer(async () => certified(await issue(options, await order(req.raw, readOrder)))),
  )
  app.get("/api/v2/trustBundle", () => Response.json({ chains: [{ certificates: chainPem }] }))
  app.get("/api/v2/configuration", () => Response.json({ issuers: [issuerFacts(options.tokens)] }))
  app.post("/api/v1/signingCert", ({ req }) =>
    answer(async () => legacyCertified(await issue(options, await order(req.raw, readLegacyOrder)))),
  )
  app.get("/api/v1/rootCert", () => pemResponse(chainPem.join(""), 200))
  app.all("*", () => refusal(404, 5, "Not Found"))
  return app
}

async function order(request: Request, read: (body: Uint8Array, header: string | null) => Order): Promise<Order> {
  const body = await readBody(request, MAX_REQUEST)
  if (body === undefined) throw new FulcioRefusal(`a request has at most ${MAX_REQUEST} bytes`, 413)
  return read(body, request.headers.get("authorization"))
}

async function issue(options: FulcioOptions, { token, request }: Order): Promise<Issued> {
  const principal = principalOf(await identify(token, options.tokens))
  const key = request.kind === "csr" ? keyOfCsr(request.der) : request.key
  if (request.kind === "key" && !proves(key, principal.challenge, request.proof)) throw unproven()
  requireStrong(key)
  return issueCertificate(options, key, principal, options.sct?.() ?? "embedded")
}

/** COMPAT(fulcio): the reason is not told in the words of the library that found it, but it is told. */
async function identify(token: string, check: TokenCheck): ReturnType<typeof verifyToken> {
  try {
    return await verifyToken(token, check)
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "E_OIDC_REJECTED") throw error
    throw new FulcioRefusal(`There was an error processing the identity token: ${error.why ?? ""}`)
  }
}

function keyOfCsr(der: Uint8Array): PublicKey {
  const key = keyOfRequest(der)
  if (key === undefined) throw unproven()
  return key
}

function proves(key: PublicKey, challenge: string, proof: Uint8Array): boolean {
  return verifySignature(key, defaultScheme(key), encodeUtf8(challenge), proof)
}

function unproven(): FulcioRefusal {
  return new FulcioRefusal("The signature supplied in the request could not be verified")
}

/** Kinds of keys that are certified. Spec: sigstore/sigstore `pkg/cryptoutils/goodkey`. */
function requireStrong(key: PublicKey): void {
  if (key.type !== "rsa" || [2048, 3072, 4096].includes(key.bits)) return
  throw new FulcioRefusal("The public key supplied in the request is insecure")
}

function certified({ chain, detached }: Issued): Response {
  const certificates = { certificates: chain.map((der) => encodePem("CERTIFICATE", der)) }
  if (detached === undefined) return Response.json({ signedCertificateEmbeddedSct: { chain: certificates } })
  const signedCertificateTimestamp = encodeBase64(encodeUtf8(buildDetachedSct(detached)))
  return Response.json({ signedCertificateDetachedSct: { chain: certificates, signedCertificateTimestamp } })
}

function legacyCertified({ chain, detached }: Issued): Response {
  const pem = chain.map((der) => encodePem("CERTIFICATE", der)).join("\n")
  const sct = detached === undefined ? undefined : encodeBase64(encodeUtf8(buildDetachedSct(detached)))
  return pemResponse(pem.trimEnd(), 201, sct === undefined ? {} : { sct })
}

function pemResponse(pem: string, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(pem, { status, headers: { "content-type": "application/pem-certificate-chain", ...headers } })
}

function issuerFacts({ issuer, audience }: TokenCheck): unknown {
  return { issuerUrl: issuer, audience, challengeClaim: "email", spiffeTrustDomain: "", issuerType: "email" }
}

async function answer(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FulcioRefusal) return refusal(error.status, 3, error.message)
    if (error instanceof ToolError)
      return refusal(400, 3, `${error.what}${error.why === undefined ? "" : `: ${error.why}`}`)
    throw error
  }
}

/** As grpc-gateway writes them. */
function refusal(status: number, code: number, message: string): Response {
  return Response.json({ code, message, details: [] }, { status })
}
