import { Hono } from "hono"
import { decodeBase64 } from "../../../codec/base64.ts"
import { equalBytes } from "../../../codec/equal-bytes.ts"
import { expectArray, expectObject, expectString, onlyMembers } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { ToolError } from "../../../core/errors.ts"
import { KIB, limits } from "../../../core/limits.ts"
import type { Clock, SigningKey } from "../../../core/ports.ts"
import { publicKeyPem } from "../../../crypto/public-key.ts"
import { defaultScheme } from "../../../crypto/schemes.ts"
import { buildDetachedSct } from "../../../crypto/transparency/detached-sct.ts"
import { logKeyId } from "../../../crypto/transparency/note-key.ts"
import { CT_EXTENSION, precertificateTbs } from "../../../crypto/transparency/precertificate.ts"
import { issuerKeyHash, type Sct, sctAlgorithm, type SctEntry, sctMessage } from "../../../crypto/transparency/sct.ts"
import type { Certificate } from "../../../crypto/x509/certificate.ts"
import { isIssuedBy } from "../../../crypto/x509/check-issued.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"
import { readBody } from "../../authority/read-body.ts"

const MAX_REQUEST = 256 * KIB

/** What a log is made of. */
export interface CtLogOptions {
  readonly key: SigningKey
  readonly clock: Clock
  /** DER of the authorities whose certificates are taken. */
  readonly issuers: readonly Uint8Array[]
  /** Gets an SCT as it would be given and returns what is given instead. */
  readonly alter?: (sct: Sct) => Sct
}

/** A certificate transparency log. It promises and keeps nothing: there is no tree, for nobody asks for one. */
export interface CtLog {
  readonly app: Hono
  /**
   * Promise to log a certificate, or a precertificate where it has the poison extension.
   *
   * @param chain - DER: the certificate, then its issuer.
   * @throws {ToolError} `E_FORMAT_MALFORMED`; `E_CERT_CHAIN` when it is of no known issuer.
   */
  promise(chain: readonly Uint8Array[]): Promise<Sct>
}

/** Spec: RFC 6962 sections 3.2, 4.1 and 4.2. */
export function createCtLog(options: CtLogOptions): CtLog {
  const { key, alter } = options
  const issuers = options.issuers.map((der) => parseCertificate(der))
  const promise = async (chain: readonly Uint8Array[]): Promise<Sct> => {
    const entry = entryOf(chain, issuers)
    const scheme = defaultScheme(key.publicKey)
    const algorithm = sctAlgorithm(scheme)
    if (algorithm === undefined) throw new ToolError("E_KEY_TYPE", { what: "the key of the log cannot sign SCTs" })
    const timed = { timestamp: BigInt(Math.floor(options.clock.now())), extensions: new Uint8Array(0) }
    const signature = await key.sign(sctMessage(timed, entry), scheme)
    const sct = { ...timed, logId: logKeyId(key.publicKey), signed: { ...algorithm, signature } }
    return alter?.(sct) ?? sct
  }
  return { app: createApp(options, promise), promise }
}

function entryOf([leaf = new Uint8Array(0), given]: readonly Uint8Array[], known: readonly Certificate[]): SctEntry {
  const certificate = parseCertificate(leaf)
  const issuer = known.find((one) => isIssuedBy(certificate, one))
  if (issuer === undefined || (given !== undefined && !equalBytes(given, issuer.raw))) {
    throw new ToolError("E_CERT_CHAIN", {
      what: "the certificate is not logged here",
      why: `its issuer is ${certificate.issuer.text}, expected an authority of this sandbox`,
    })
  }
  if (!certificate.extensions.has(CT_EXTENSION.poison)) return { kind: "x509", certificate: leaf }
  return { kind: "precert", issuerKeyHash: issuerKeyHash(issuer.spki), tbs: precertificateTbs(leaf) }
}

function createApp({ key }: CtLogOptions, promise: CtLog["promise"]): Hono {
  const app = new Hono()
  const add = async (request: Request, precertificate: boolean): Promise<Response> => {
    const body = await readBody(request, MAX_REQUEST)
    if (body === undefined) return refusal(413, `at most ${MAX_REQUEST} bytes`)
    try {
      const chain = chainOf(body)
      const [leaf = new Uint8Array(0)] = chain
      if (parseCertificate(leaf).extensions.has(CT_EXTENSION.poison) !== precertificate) {
        return refusal(400, precertificate ? "not a precertificate" : "a precertificate belongs to add-pre-chain")
      }
      const text = buildDetachedSct(await promise(chain))
      return new Response(text, { headers: { "content-type": "application/json" } })
    } catch (error) {
      if (error instanceof ToolError) return refusal(400, `${error.what}: ${error.why ?? ""}`)
      throw error
    }
  }
  app.get("/key", () => pemResponse(publicKeyPem(key.publicKey)))
  app.post("/ct/v1/add-chain", ({ req }) => add(req.raw, false))
  app.post("/ct/v1/add-pre-chain", ({ req }) => add(req.raw, true))
  return app
}

function pemResponse(pem: string): Response {
  return new Response(pem, { headers: { "content-type": "application/x-pem-file" } })
}

function chainOf(body: Uint8Array): readonly Uint8Array[] {
  const what = "chain"
  const document = expectObject(parseJson(body, { maxBytes: MAX_REQUEST, what }), what)
  onlyMembers(document, what, ["chain"])
  return expectArray(document["chain"], what, limits.chainCertificates).map((item, at) =>
    decodeBase64(expectString(item, `${what}[${at}]`), { max: limits.certificateBytes, what: `${what}[${at}]` }),
  )
}

function refusal(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } })
}
