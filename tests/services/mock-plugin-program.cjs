// Body of the mock plugin; `behaviour` stands above it in the file that is started.
"use strict"
const crypto = require("node:crypto")
const fs = require("node:fs")

const SPECS = {
  2048: ["RSA-2048", "RSASSA-PSS-SHA-256", "PS256", "sha256"],
  3072: ["RSA-3072", "RSASSA-PSS-SHA-384", "PS384", "sha384"],
  4096: ["RSA-4096", "RSASSA-PSS-SHA-512", "PS512", "sha512"],
  prime256v1: ["EC-256", "ECDSA-SHA-256", "ES256", "sha256"],
  secp384r1: ["EC-384", "ECDSA-SHA-384", "ES384", "sha384"],
  secp521r1: ["EC-521", "ECDSA-SHA-512", "ES512", "sha512"],
}
const does = (what) => behaviour.misbehave.includes(what)

function key() {
  const privateKey = crypto.createPrivateKey(behaviour.keyPem)
  const { modulusLength, namedCurve } = privateKey.asymmetricKeyDetails
  const [spec, algorithm, alg, hash] = SPECS[modulusLength ?? namedCurve]
  return { privateKey, spec, algorithm, alg, hash }
}

function sign(message) {
  const { privateKey, hash } = key()
  const options =
    privateKey.asymmetricKeyType === "rsa"
      ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST }
      : { dsaEncoding: does("der-signature") ? "der" : "ieee-p1363" }
  const bytes = does("sign-other-bytes") ? Buffer.concat([message, Buffer.from("!")]) : message
  const signature = crypto.sign(hash, bytes, { key: privateKey, ...options })
  return does("short-signature") ? signature.subarray(1) : signature
}

function chain() {
  if (does("no-chain")) return []
  return does("garbage-chain") ? behaviour.chain.map(() => "AAAA") : behaviour.chain
}

function jws(payload, expirySeconds) {
  const document = JSON.parse(payload.toString())
  const target = document.targetArtifact
  if (does("other-digest")) target.digest = target.digest.replace(/.$/, (c) => (c === "0" ? "1" : "0"))
  if (does("drop-annotations")) delete target.annotations
  if (does("add-annotation")) target.annotations = { ...target.annotations, "from.plugin": "yes" }
  if (does("unknown-attribute")) target["é.unknown"] = true
  const now = Math.floor(Date.now() / 1000)
  const time = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z")
  const expires = expirySeconds !== undefined && !does("no-expiry")
  const header = {
    alg: key().alg,
    crit: [
      "io.cncf.notary.signingScheme",
      ...Object.keys(behaviour.attributes),
      ...(expires ? ["io.cncf.notary.expiry"] : []),
    ],
    ...behaviour.attributes,
    cty: "application/vnd.cncf.notary.payload.v1+json",
    ...(expires ? { "io.cncf.notary.expiry": time(now + expirySeconds) } : {}),
    "io.cncf.notary.signingScheme": "notary.x509",
    "io.cncf.notary.signingTime": time(now),
  }
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const parts = { payload: encode(document), protected: encode(header) }
  const signature = sign(Buffer.from(`${parts.protected}.${parts.payload}`))
  if (does("break-envelope")) signature[signature.length - 1] ^= 1
  return JSON.stringify({ ...parts, header: { x5c: chain() }, signature: signature.toString("base64url") })
}

const commands = {
  "get-plugin-metadata": () => ({
    name: does("other-name") ? "other" : behaviour.name,
    description: "a plugin for tests",
    version: behaviour.version,
    url: "https://example.com/plugin",
    supportedContractVersions: [does("contract-2") ? "2.0" : "1.0"],
    capabilities: does("no-capabilities") ? [] : behaviour.capabilities,
  }),
  "describe-key": ({ keyId }) => ({
    keyId: does("describe-other-key") ? "other" : keyId,
    keySpec: does("unknown-key-spec") ? "RSA-1024" : key().spec,
  }),
  "generate-signature": ({ keyId, payload }) => ({
    keyId: does("sign-other-key") ? "other" : keyId,
    signature: sign(Buffer.from(payload, "base64")).toString("base64"),
    signingAlgorithm: does("other-algorithm") ? "RSASSA-PSS-SHA-1" : key().algorithm,
    certificateChain: chain(),
  }),
  "generate-envelope": ({ payload, signatureEnvelopeType, expiryDurationInSeconds }) => ({
    signatureEnvelope: Buffer.from(jws(Buffer.from(payload, "base64"), expiryDurationInSeconds)).toString("base64"),
    signatureEnvelopeType: does("other-envelope-type") ? "application/cose" : signatureEnvelopeType,
    annotations: { "plugin.annotation": "value" },
  }),
  "verify-signature": ({ signature, trustPolicy }) => ({
    verificationResults: does("no-results")
      ? {}
      : Object.fromEntries(
          trustPolicy.signatureVerification.map((name) => [name, behaviour.results[name] ?? { success: true }]),
        ),
    processedAttributes: does("process-nothing") ? [] : (signature.unprocessedAttributes ?? []),
  }),
}

const command = process.argv[2]
const request = fs.readFileSync(0, "utf8")
fs.appendFileSync(behaviour.log, `${JSON.stringify({ command, request })}\n`)
const isWork = command !== "get-plugin-metadata"
if (isWork && does("throttled")) {
  process.stderr.write(
    JSON.stringify({ errorCode: "THROTTLED", errorMessage: "slow down", errorMetadata: { wait: "1s" } }),
  )
  process.exitCode = 1
} else if (isWork && does("fail-with-text")) {
  process.stderr.write("it broke")
  process.exitCode = 1
} else if (isWork && does("fail-silently")) process.exitCode = 1
else if (isWork && does("garbage")) process.stdout.write("{")
else if (!(isWork && does("nothing"))) process.stdout.write(JSON.stringify(commands[command](JSON.parse(request))))
