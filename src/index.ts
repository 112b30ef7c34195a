/**
 * countersign as a library: sign, verify and list the signatures of OCI artifacts.
 *
 * @packageDocumentation
 */
export { list, type ListOptions } from "./library/list.ts"
export { sign, type SignOptions } from "./library/sign.ts"
export type { SigstoreSignOptions } from "./library/sigstore-signing.ts"
export { verify, type CertificateOptions, type SigstoreOptions, type VerifyOptions } from "./library/verify.ts"
export type { CommonOptions, RegistryOptions } from "./library/options.ts"
export type {
  AttachedItem,
  FormatName,
  ListResult,
  SignedArtifact,
  SignedSignature,
  SignReport,
  VerifyResult,
} from "./app/requests.ts"
export type { SigstoreOutcome } from "./app/sigstore/signing.ts"
export type { Descriptor } from "./core/descriptor.ts"
export type { Digest } from "./core/digest.ts"
export type { ErrorCode, ErrorKind } from "./core/error-catalogue.ts"
export { ToolError } from "./core/errors.ts"
export type {
  ArtifactReport,
  CertificateIdentity,
  Decision,
  Finding,
  KeyIdentity,
  KeylessIdentity,
  Report,
  SeenCertificate,
  SeenEvidence,
  SeenLogEntry,
  SeenTimestamp,
  SignatureLocation,
  SignatureReport,
  SignerIdentity,
  StoreReport,
  TimeEvidence,
  Witness,
} from "./core/report.ts"
export type { LogEntry } from "./core/sigstore.ts"
export type { LogService } from "./core/sigstore-ports.ts"
export type { StatementSubject } from "./core/statement-subject.ts"
export type {
  VerifiedContent,
  VerifiedDescriptor,
  VerifiedMessage,
  VerifiedSignature,
  VerifiedSimpleSigning,
  VerifiedStatement,
} from "./core/verified.ts"
