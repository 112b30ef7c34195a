/**
 * Bounds on everything that comes from outside. Each constant names its unit and where the number comes from;
 * exceeding one is `E_LIMIT_EXCEEDED`.
 */
export const KIB = 1024
export const MIB: number = 1024 * KIB
export const GIB: number = 1024 * MIB

/** Names of the bounds below. */
export type LimitName =
  | "manifestBytes"
  | "configBytes"
  | "signaturePayloadBytes"
  | "attachmentBytes"
  | "bundleBytes"
  | "trustDocumentBytes"
  | "patternBytes"
  | "patternSubjectBytes"
  | "signatureLayers"
  | "signaturesEvaluated"
  | "subjectBytes"
  | "documentBytesInFlight"
  | "referrers"
  | "referrerListBytes"
  | "layoutIndexBytes"
  | "pages"
  | "indexDepth"
  | "indexChildren"
  | "tlogEntries"
  | "noteBytes"
  | "noteSignatures"
  | "timestamps"
  | "statementSubjects"
  | "subjectDigests"
  | "dsseSignatures"
  | "chainCertificates"
  | "certificateBytes"
  | "pemBytes"
  | "pemBlocks"
  | "jsonDepth"
  | "jsonValues"
  | "predicateValues"
  | "claimValues"
  | "untrustedClaimValues"
  | "yamlDepth"
  | "derDepth"
  | "timestampBytes"
  | "timestampSigners"
  | "pathCandidates"
  | "pathDepth"
  | "tokenBytes"
  | "errorBodyBytes"
  | "redirects"
  | "helperBytes"
  | "helperMs"
  | "connectMs"
  | "headersMs"
  | "bodyIdleMs"
  | "commandMs"
  | "tries"
  | "retryAfterMs"
  | "perHost"
  | "parallelArtifacts"
  | "parallelTransfers"
  | "scryptN"
  | "scryptR"
  | "scryptP"
  | "keyFileBytes"
  | "configFileBytes"
  | "passwordBytes"
  | "crlBytes"
  | "crlStartMs"
  | "crlMs"
  | "ocspBytes"
  | "ocspMs"
  | "revocationUrls"

export const limits: Readonly<Record<LimitName, number>> = {
  /** Bytes of a manifest or index; what registries and clients of the field agree on. */
  manifestBytes: 4 * MIB,
  /** Bytes of an image config. */
  configBytes: 4 * MIB,
  /** Bytes of one simple-signing payload. */
  signaturePayloadBytes: 4 * MIB,
  /** Bytes of one attestation or other attachment read into memory; COSIGN_MAX_ATTACHMENT_SIZE in the cosign faces. */
  attachmentBytes: 128 * MIB,
  /** Bytes of one Sigstore bundle document. */
  bundleBytes: 16 * MIB,
  /** Bytes of a trusted root or signing config. */
  trustDocumentBytes: MIB,
  /** Bytes of a regular expression and of the text it is matched against. */
  patternBytes: KIB,
  patternSubjectBytes: 8 * KIB,
  /** Layers read of one `.sig` or `.att` manifest; cosign's own bound. */
  signatureLayers: 1000,
  /** Signatures evaluated per subject. */
  signaturesEvaluated: 100,
  /** Bytes of all signature documents read for one subject; never less than one attachment may have. */
  subjectBytes: 256 * MIB,
  /** Bytes of signature documents held at once by a process, whatever it verifies; a larger one is held alone. */
  documentBytesInFlight: 32 * MIB,
  /** Referrers listed per subject, and bytes of a list that comes in pages; one in a tag is a manifest. */
  referrers: 10_000,
  referrerListBytes: 16 * MIB,
  /** Bytes of a layout's `index.json`, which lists every referrer of every artifact in it. */
  layoutIndexBytes: 16 * MIB,
  /** Pages of any listing. */
  pages: 100,
  /** Nested indexes followed, and entries below one artifact in all. */
  indexDepth: 8,
  indexChildren: 1000,
  /** Transparency log entries in one bundle. */
  tlogEntries: 32,
  /** Bytes of a signed note such as a log's checkpoint, and signatures below it. */
  noteBytes: 64 * KIB,
  noteSignatures: 64,
  /** Timestamps in one bundle. */
  timestamps: 32,
  /** Subjects in one statement. */
  statementSubjects: 1024,
  /** Digests of one subject. */
  subjectDigests: 32,
  /** Signatures in a DSSE envelope outside bundles (inside: exactly 1). */
  dsseSignatures: 16,
  /** Certificates in a chain that comes with a signature, and the bytes of each. */
  chainCertificates: 10,
  certificateBytes: 64 * KIB,
  /** PEM text and the blocks in it. */
  pemBytes: MIB,
  pemBlocks: 64,
  /** Nesting of JSON and YAML. */
  jsonDepth: 128,
  yamlDepth: 64,
  derDepth: 100,
  /** Bytes of a timestamp token or of the answer it comes in, and signers in it (RFC 3161 knows one). */
  timestampBytes: MIB - 1,
  timestampSigners: 8,
  /** Building a certificate path: signatures checked, and certificates in one path. */
  pathCandidates: 16,
  pathDepth: 8,
  /** Values in one JSON document that is held as values; the least ones, `{}`, take 20 MB then. */
  jsonValues: 100_000,
  /** Values of a predicate, which is held as values only where the user gave it or asks for it after it verified. */
  predicateValues: 16_000_000,
  /** Values of claims in the report about one subject, and of one signature that did not verify. */
  claimValues: 100_000,
  untrustedClaimValues: 1000,
  /** Bytes of a registry token answer, and of an error body that is kept. */
  tokenBytes: 64 * KIB,
  errorBodyBytes: 8 * KIB,
  /** Redirects followed for one request. */
  redirects: 5,
  /** Credential helper: output bytes and milliseconds. */
  helperBytes: MIB,
  helperMs: 30_000,
  /** Milliseconds: connecting, waiting for headers, waiting for the next body bytes. */
  connectMs: 10_000,
  headersMs: 30_000,
  bodyIdleMs: 30_000,
  /** Milliseconds of a whole verification. */
  commandMs: 180_000,
  /** Tries of one request and the longest Retry-After honoured, in milliseconds. */
  tries: 5,
  retryAfterMs: 60_000,
  /** Requests in flight per host; fewer leave long round trips unused, more gain nothing on any registry measured. */
  perHost: 16,
  /** Artifacts worked on side by side. */
  parallelArtifacts: 24,
  /** Blobs moved, or artifacts signed, side by side. */
  parallelTransfers: 6,
  /** scrypt work factors accepted from a key file. */
  scryptN: 2 ** 20,
  scryptR: 16,
  scryptP: 8,
  /** Bytes of key files, configuration files and passwords. */
  keyFileBytes: MIB,
  configFileBytes: MIB,
  passwordBytes: 64 * KIB,
  /** Bytes of a certificate revocation list, milliseconds until its first byte and until its last; notation-core-go. */
  crlBytes: 32 * MIB,
  crlStartMs: 5000,
  crlMs: 30_000,
  /** Bytes of an OCSP response and milliseconds of the whole exchange; notation-core-go. */
  ocspBytes: 20_480,
  ocspMs: 2000,
  /** OCSP responders, or revocation lists, that one certificate may name. */
  revocationUrls: 8,
}
