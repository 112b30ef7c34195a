import type { BindSubject, Candidate, Wanted } from "../core/candidate.ts"
import {
  VALIDATION_OF,
  type SignedAttributes,
  type TrustStore,
  type TrustStoreType,
  type ValidationAction,
} from "../core/certified.ts"
import { catalogue, type ErrorCode } from "../core/error-catalogue.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import type { PluginHost } from "../core/notation-home.ts"
import type { Logger } from "../core/ports.ts"
import type { CertificateIdentity, Finding, TimeEvidence } from "../core/report.ts"
import type { RevocationService } from "../core/service-ports.ts"
import { rawEcdsaSignature } from "../crypto/ecdsa-raw.ts"
import { keySpecOf } from "../crypto/key-spec.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"
import type { NotationAuthority } from "../policy/model.ts"
import { identityOf, judgeExpiry, judgeIdentity, judgeIntegrity, judgeTrust, storeTypeOf } from "../trust/certified.ts"
import { evaluatesTimestamp, judgeSigningTime } from "../trust/signing-time.ts"
import type { Judgement } from "./judgement.ts"
import {
  findVerificationPlugin,
  type PluginFault,
  type PluginVerdict,
  type VerificationPlugin,
  verificationPluginOf,
  type VerifierCapability,
  verifyWithPlugin,
} from "./notation/plugins/plugin-verification.ts"
import type { TrustStoreLoader } from "./requests.ts"
import { checkRevocation, type RevocationAnswer } from "./revocation.ts"

/** What judging certificates needs of the world. */
export interface CertifiedTrust {
  /** {@link judgeCertified}, loaded only where a policy trusts certificates. */
  readonly judge: typeof judgeCertified
  /** Time of verification, milliseconds since the epoch. */
  readonly at: number
  readonly loadStore: TrustStoreLoader
  /** Asks once for each certificate. */
  readonly revocation: RevocationService
  readonly plugins: PluginHost
  readonly pluginConfig: Readonly<Record<string, string>>
  /** A signature that asks for a plugin does not count. */
  readonly noPlugins: boolean
  /** Whether a critical attribute that nobody understands refuses the signature or is only reported. */
  readonly unknownCritical: "refuse" | "warn"
  readonly logger: Logger
}

/**
 * Judge a certificate-based signature step by step, as the Notary Project orders them. A step that fails ends it, unless
 * the policy only logs its validation; then the finding says so.
 *
 * Revocation is asked only for chains that end in a trust store: URLs in certificates of strangers are never opened.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Signature Verification".
 */
export async function judgeCertified(
  trust: CertifiedTrust,
  subject: BindSubject,
  candidate: Candidate,
  authority: NotationAuthority,
  wanted: Wanted,
): Promise<Judgement> {
  const steps = new Steps(authority)
  const { findings, chain } = judgeIntegrity(candidate)
  const { attributes } = candidate
  const [leaf] = chain ?? []
  if (!steps.add(...findings) || chain === undefined || leaf === undefined || attributes === undefined) {
    return { findings: steps.findings }
  }
  const found = await pluginOf(trust, attributes)
  const missing = found !== undefined && "fault" in found ? pluginFinding(found.fault) : undefined
  if (missing?.outcome === "failed") {
    steps.add(missing)
    return { findings: steps.findings }
  }
  const plugin = found === undefined || !("fault" in found) ? found : "missing"
  // SECURITY: anybody can name a plugin. That it cannot be asked leaves open only what nothing else answers with no.
  if (!steps.add(missing ?? criticalAttributes(attributes, plugin, trust.unknownCritical)) && missing === undefined) {
    return { findings: steps.findings }
  }
  const judged = await judgeTrusted(trust, { candidate, attributes, chain, leaf, authority, plugin }, steps)
  steps.add(...candidate.bind(subject, wanted))
  return judged
}

/** The plugin that must verify the signature too; `undefined` when it names none. */
async function pluginOf(
  { plugins, pluginConfig, noPlugins }: CertifiedTrust,
  attributes: SignedAttributes,
): Promise<VerificationPlugin | { readonly fault: PluginFault } | undefined> {
  const wanted = verificationPluginOf(attributes)
  if (wanted === undefined || "fault" in wanted) return wanted
  if (noPlugins) {
    const message = `the signature asks for the verification plugin ${JSON.stringify(wanted.name)}, which is not looked for`
    return { fault: { code: "E_FORMAT_CRITICAL_UNKNOWN", message } }
  }
  return findVerificationPlugin(plugins, wanted, pluginConfig)
}

/** A plugin that cannot be asked leaves the question open; one that says no has answered it. */
function pluginFinding({ code, message }: PluginFault): Finding {
  const outcome = catalogue[code].kind === "negative" ? "failed" : "unknown"
  return { check: "plugin", outcome, code, observed: message }
}

/** One signature on its way through the steps. */
interface Judged {
  readonly candidate: Candidate
  readonly attributes: SignedAttributes
  /** Leaf first. */
  readonly chain: readonly Certificate[]
  readonly leaf: Certificate
  readonly authority: NotationAuthority
  /** Set when the signature names a plugin that must verify it too; `missing`: it cannot be asked, and has a finding. */
  readonly plugin: VerificationPlugin | "missing" | undefined
}

async function judgeTrusted(trust: CertifiedTrust, judged: Judged, steps: Steps): Promise<Judgement> {
  const { attributes, authority, chain, leaf, plugin } = judged
  const { store, finding } = await trustFinding(trust, judged)
  const ended = (more: Partial<Judgement> = {}): Judgement => ({ findings: steps.findings, ...more })
  if (!steps.add(finding)) return ended()
  const signer: CertificateIdentity = identityOf(leaf, store ?? "")
  // What a plugin that cannot be asked would answer itself stays open.
  const owns = (capability: VerifierCapability): boolean =>
    plugin === "missing" || plugin?.capabilities.includes(capability) === true
  if (!owns("SIGNATURE_VERIFIER.TRUSTED_IDENTITY")) {
    if (!steps.add(judgeIdentity(leaf, authority.identities, authority.name))) return ended({ signer })
  }
  if (!steps.add(judgeExpiry(attributes, trust.at))) return ended({ signer })
  const { time, passed } = await judgeTime(trust, judged, store !== undefined, steps)
  if (!passed) return ended({ signer, time })
  if (authority.actions.revocation === "skip") steps.add({ check: "revocation", outcome: "skipped" })
  else if (!owns("SIGNATURE_VERIFIER.REVOCATION_CHECK")) {
    const service = store === undefined ? askingNobody : trust.revocation
    const answer = await checkRevocation(service, chain, askedAt(trust, judged))
    if (!steps.add(revocationFinding(answer, "signing"))) return ended({ signer, time })
  }
  if (plugin !== undefined && plugin !== "missing") steps.add(...(await askPlugin(trust, judged, plugin)))
  return ended({ signer, time })
}

async function askPlugin(
  { plugins, pluginConfig }: CertifiedTrust,
  { attributes, authority, chain }: Judged,
  plugin: VerificationPlugin,
): Promise<readonly Finding[]> {
  const answer = await verifyWithPlugin(plugins, plugin, {
    attributes,
    chain: chain.map(({ raw }) => raw),
    trustedIdentities: authority.identities.map(({ text }) => text),
    checkRevocation: authority.actions.revocation !== "skip",
    pluginConfig,
  })
  if ("fault" in answer) return [pluginFinding(answer.fault)]
  return [
    ...verdictFindings("signer.identity", "E_CERT_IDENTITY", answer.trustedIdentity, plugin),
    ...verdictFindings("revocation", "E_CERT_REVOKED", answer.revocation, plugin),
  ]
}

function verdictFindings(
  check: "signer.identity" | "revocation",
  code: ErrorCode,
  verdict: PluginVerdict | undefined,
  { metadata: { name, version } }: VerificationPlugin,
): readonly Finding[] {
  if (verdict === undefined) return []
  if (verdict.ok) return [{ check, outcome: "passed", observed: `plugin ${name} ${version} says so` }]
  return [{ check, outcome: "failed", code, observed: verdict.reason ?? "" }]
}

function askedAt(trust: CertifiedTrust, { attributes }: Judged): Parameters<typeof checkRevocation>[2] {
  const authority = attributes.signingScheme === "notary.x509.signingAuthority"
  const { at, logger } = trust
  return { at, logger, ...(authority ? { authenticSigningTime: attributes.signingTime.at } : {}) }
}

/** SECURITY: a critical attribute that nobody here understands may change what the signature means. */
function criticalAttributes(
  { extended }: SignedAttributes,
  plugin: Judged["plugin"],
  action: CertifiedTrust["unknownCritical"],
): Finding {
  const unknown = extended.filter(({ critical }) => critical)
  // The plugin's answer is checked for having processed them.
  if (plugin !== undefined || unknown.length === 0) return { check: "envelope.attributes", outcome: "passed" }
  const names = unknown.slice(0, 3).map(({ key }) => JSON.stringify(key))
  return {
    check: "envelope.attributes",
    outcome: "failed",
    code: "E_FORMAT_CRITICAL_UNKNOWN",
    expected: "no critical attribute that this program does not understand",
    observed: `critical attribute ${names.join(", ")} is not understood, and no verification plugin is named that does`,
    ...(action === "warn" ? { logged: true } : {}),
  }
}

async function trustFinding(
  trust: CertifiedTrust,
  { attributes, authority, chain }: Judged,
): Promise<ReturnType<typeof judgeTrust>> {
  const stores = await loadStores(trust, authority, storeTypeOf(attributes.signingScheme))
  if (Array.isArray(stores)) return judgeTrust(chain, stores as readonly TrustStore[])
  return { finding: { ...(stores as Finding), check: "certificate.trusted" } }
}

/** Stores of one type that the authority names, or why one cannot be loaded. */
async function loadStores(
  trust: CertifiedTrust,
  authority: NotationAuthority,
  type: TrustStoreType,
): Promise<readonly TrustStore[] | Finding> {
  try {
    return await Promise.all(authority.stores.filter((store) => store.type === type).map(trust.loadStore))
  } catch (thrown) {
    const { code, what, why } = asToolError(thrown)
    const detail = why === undefined ? {} : { detail: why }
    // A store that cannot be read says nothing about who is in it.
    const outcome = catalogue[code].kind === "unknown" ? "unknown" : "failed"
    return { check: "certificate.trusted", outcome, code, observed: what, ...detail }
  }
}

async function judgeTime(
  trust: CertifiedTrust,
  { candidate, attributes, authority, chain, leaf }: Judged,
  anchored: boolean,
  steps: Steps,
): Promise<{ readonly time: TimeEvidence; readonly passed: boolean }> {
  const tsaStores = authority.stores.some(({ type }) => type === "tsa")
  const evaluates =
    attributes.signingScheme === "notary.x509" &&
    evaluatesTimestamp(chain, tsaStores, authority.verifyTimestamp, trust.at)
  const roots = evaluates ? await loadStores(trust, authority, "tsa") : undefined
  const claimed: TimeEvidence = { at: attributes.signingTime.at, source: "claimed", verified: false }
  if (roots !== undefined && !Array.isArray(roots)) {
    const { observed = "", ...rest } = roots as Finding
    const failed: Finding = {
      ...rest,
      check: "timestamp",
      observed: `failed to load tsa trust store with error: ${observed}`,
    }
    return { time: claimed, passed: steps.add(failed) }
  }
  const timestampRoots = (roots as readonly TrustStore[] | undefined)
    ?.flatMap(({ certificates }) => certificates)
    .map((der) => parseCertificate(der))
  const judged = judgeSigningTime(attributes, chain, stampedBytes(candidate, leaf), {
    at: trust.at,
    ...(timestampRoots === undefined ? {} : { timestampRoots }),
  })
  const { timestampChain } = judged
  if (timestampChain !== undefined && judged.finding.outcome === "passed") {
    const answer = await checkRevocation(trust.revocation, timestampChain, { at: trust.at, logger: trust.logger })
    const revoked = revocationFinding(answer, "timestamping")
    if (revoked.outcome !== "passed") {
      return { time: claimed, passed: steps.add({ ...revoked, check: "timestamp" }) }
    }
  }
  const passed = steps.add(judged.finding)
  // What the signing authority says counts only when it is itself trusted.
  const vouched = judged.time.source === "timestamp" || anchored
  return { time: vouched ? judged.time : claimed, passed }
}

/** The signature as it stands in the envelope: ECDSA as `r || s`. */
function stampedBytes({ signatures }: Candidate, leaf: Certificate): Uint8Array {
  const [signature] = signatures
  const bytes = signature?.bytes ?? new Uint8Array()
  const width = leaf.publicKey === undefined ? undefined : keySpecOf(leaf.publicKey)?.rawBytes
  return (width === undefined ? bytes : rawEcdsaSignature(bytes, width)) ?? new Uint8Array()
}

/** SECURITY: URLs in the certificates of strangers are never opened; certificates without any are judged all the same. */
const askingNobody: RevocationService = { ocsp: refuseToAsk, list: refuseToAsk, distrust: () => false }

function refuseToAsk(): Promise<never> {
  const what = "nobody is asked about chains that end in no trust store"
  return Promise.reject(new ToolError("E_CERT_REVOCATION_UNKNOWN", { what }))
}

function revocationFinding(answer: RevocationAnswer, purpose: "signing" | "timestamping"): Finding {
  const expected = "no certificate of the chain is revoked"
  const { decisive } = answer
  if (decisive === undefined) return { check: "revocation", outcome: "passed", expected, observed: summary(answer) }
  const name = `${purpose} certificate with subject ${JSON.stringify(decisive.subject)}`
  if (decisive.status === "revoked") {
    return {
      check: "revocation",
      outcome: "failed",
      code: "E_CERT_REVOKED",
      expected,
      observed: `${name} is revoked`,
      detail: decisive.why,
    }
  }
  return {
    check: "revocation",
    outcome: "unknown",
    code: "E_CERT_REVOCATION_UNKNOWN",
    expected,
    observed: `${name} revocation status is unknown`,
    ...(decisive.why === "" ? {} : { detail: decisive.why }),
  }
}

function summary({ certificates }: RevocationAnswer): string {
  return certificates.map(({ status, method }) => `${status}${method === "none" ? "" : ` by ${method}`}`).join(", ")
}

/** Findings so far, each with what the policy makes of its failure. */
class Steps {
  readonly findings: Finding[] = []
  readonly #actions: NotationAuthority["actions"]

  constructor({ actions }: NotationAuthority) {
    this.#actions = actions
  }

  /** @returns false when a failure among them ends the verification. */
  add(...findings: readonly Finding[]): boolean {
    let goesOn = true
    for (const finding of findings) {
      const failed = finding.outcome === "failed" || finding.outcome === "unknown"
      const logged = failed && (finding.logged === true || this.#actionOf(finding) === "log")
      this.findings.push(logged ? { ...finding, logged: true } : finding)
      if (failed && !logged) goesOn = false
    }
    return goesOn
  }

  #actionOf({ check }: Finding): ValidationAction {
    const validation = VALIDATION_OF[check]
    return validation === undefined ? "enforce" : this.#actions[validation]
  }
}
