import { decodeBase64, encodeBase64 } from "../../../codec/base64.ts"
import { expectArray, expectObject, expectString, isObject, unexpectedShape } from "../../../codec/json-shape.ts"
import { parsePem } from "../../../codec/pem.ts"
import { malformed, tooLarge } from "../../../codec/malformed.ts"
import { decodeUtf8, encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { KIB, limits } from "../../../core/limits.ts"
import type { CertificateAuthorities, CertificateOrder, IssuedCertificate } from "../../../core/sigstore-ports.ts"
import { publicKeyPem } from "../../../crypto/public-key.ts"
import { redactUrl } from "../../net/redact.ts"
import {
  exchange,
  jsonOf,
  messageOf,
  readAnswer,
  refused,
  serviceUrl,
  type ServiceAnswer,
  type ServiceOptions,
} from "./service-exchange.ts"

const SERVICE = "certificate authority"
/** Names of key kinds in the API; servers look at the key itself. */
const ALGORITHM = {
  "ecdsa-p256": "ECDSA",
  "ecdsa-p384": "ECDSA",
  "ecdsa-p521": "ECDSA",
  rsa: "RSA",
  ed25519: "ED25519",
} as const
const SCT_BYTES = 16 * KIB

/**
 * Certificate authorities over HTTP: Fulcio's API of version 2 and the legacy one.
 *
 * The token goes in the Authorization header and nowhere else; redirects stay within the origin.
 *
 * Spec: sigstore/fulcio `fulcio.proto`, `fulcio_legacy.proto`.
 */
export function createCertificateAuthorities(options: ServiceOptions): CertificateAuthorities {
  return {
    certify: async (order, signal) => {
      // SECURITY: a header must be one line; a token is three parts of base64url and nothing else.
      if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(order.token)) {
        throw new ToolError("E_OIDC_REJECTED", {
          what: "the identity token is no token",
          why: "expected a JSON Web Token of three parts in base64url",
        })
      }
      const legacy = order.api === 1
      const url = serviceUrl(order.url, legacy ? "/api/v1/signingCert" : "/api/v2/signingCert")
      const answer = await exchange(
        options,
        {
          service: SERVICE,
          method: "POST",
          url,
          headers: {
            authorization: `Bearer ${order.token}`,
            "content-type": "application/json",
            accept: legacy ? "application/pem-certificate-chain" : "application/json",
          },
          body: {
            bytes: encodeUtf8(JSON.stringify(legacy ? legacyBody(order) : bodyOf(order)), "certificate request"),
          },
          signal,
        },
        limits.pemBytes,
      )
      if (answer.status !== 200 && answer.status !== 201) throw refusal(answer, url)
      return legacy
        ? readAnswer(SERVICE, url, () => legacyAnswer(answer))
        : readAnswer(SERVICE, url, () => answerOf(jsonOf(answer, SERVICE, url)))
    },
  }
}

function bodyOf({ publicKey, proof }: CertificateOrder): JsonValue {
  return {
    publicKeyRequest: {
      publicKey: { algorithm: ALGORITHM[publicKey.type], content: publicKeyPem(publicKey) },
      proofOfPossession: encodeBase64(proof),
    },
  }
}

function legacyBody({ publicKey, proof }: CertificateOrder): JsonValue {
  return {
    publicKey: {
      content: encodeBase64(encodeUtf8(publicKeyPem(publicKey), "public key")),
      algorithm: ALGORITHM[publicKey.type].toLowerCase(),
    },
    signedEmailAddress: encodeBase64(proof),
  }
}

/** Whom the authority blames: the token, or the rest of the request. */
function refusal(answer: ServiceAnswer, url: string): ToolError {
  const message = messageOf(answer)
  const token = answer.status === 401 || answer.status === 403 || /token|credential|email|subject/i.test(message)
  if (answer.status >= 500 || answer.status === 404 || !token) return refused(answer, SERVICE, url)
  return new ToolError("E_OIDC_REJECTED", {
    what: `the ${SERVICE} rejects the identity token`,
    why: `${redactUrl(url)} answered ${answer.status}: ${message}`,
    next: [
      "get a new token: they are valid for minutes",
      "check that the token's issuer and audience are those that the authority accepts",
    ],
    details: { status: answer.status },
  })
}

function answerOf(value: JsonValue): IssuedCertificate {
  const answer = expectObject(value, "answer")
  const embedded = member(answer, "signedCertificateEmbeddedSct")
  const detached = member(answer, "signedCertificateDetachedSct")
  if ((embedded === undefined) === (detached === undefined)) {
    throw malformed("answer", "expected exactly one of signedCertificateEmbeddedSct and signedCertificateDetachedSct")
  }
  const signed = expectObject(embedded ?? detached, "signed certificate")
  const chain = expectArray(
    member(expectObject(member(signed, "chain"), "chain"), "certificates"),
    "chain.certificates",
  ).map((pem, index) => expectString(pem, `chain.certificates[${index}]`))
  const sct = detached === undefined ? undefined : member(signed, "signedCertificateTimestamp")
  return {
    chain: certificatesOf(chain.join("\n")),
    ...(sct === undefined || sct === "" ? {} : { detachedSct: sctOf(expectString(sct, "signedCertificateTimestamp")) }),
  }
}

/** Absent and null are the same in protobuf JSON. */
function member(object: JsonValue, name: string): JsonValue | undefined {
  if (!isObject(object)) throw unexpectedShape(object, name, "an object around it")
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

function legacyAnswer(answer: ServiceAnswer): IssuedCertificate {
  const sct = answer.header("sct") ?? ""
  return {
    chain: certificatesOf(decodeUtf8(answer.body, "certificates")),
    ...(sct === "" ? {} : { detachedSct: sctOf(sct) }),
  }
}

function sctOf(text: string): Uint8Array {
  return decodeBase64(text, { alphabet: "either", padding: "optional", max: SCT_BYTES, what: "detached SCT" })
}

function certificatesOf(text: string): readonly Uint8Array[] {
  const blocks = parsePem(text, { what: "certificate chain" })
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (blocks.length === 0 || other !== undefined) {
    throw malformed("certificate chain", `saw ${other?.label ?? "no PEM block"}, expected certificates`)
  }
  if (blocks.length > limits.chainCertificates) {
    throw tooLarge("certificate chain", blocks.length, limits.chainCertificates, "certificates")
  }
  return blocks.map(({ bytes }) => bytes)
}
