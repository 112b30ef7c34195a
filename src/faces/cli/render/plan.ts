import type { SigstorePlan } from "../../../app/sigstore/signing.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import { type Fact, facts } from "./facts.ts"

/** Exactly what becomes public, for the person who decides. */
export function planLines(plan: SigstorePlan, width: number): readonly string[] {
  const { identity, key, certificate, logs, timestamps, items } = plan
  const whose = identity === undefined && certificate === undefined ? "public key" : "certificate"
  const rows: Fact[] = []
  if (identity !== undefined) {
    rows.push(
      ["identity", printable(`${identity.name} at ${identity.issuer} (token: ${identity.source})`)],
      ["certificate", printable(`names the identity; issued by ${identity.authority}, which logs every certificate`)],
    )
    const said = Object.entries(identity.claims).map(([name, value]) => `${name} ${value}`)
    if (said.length > 0) rows.push(["of the build", printable(`the certificate may say: ${said.join(", ")}`)])
  }
  if (key !== undefined) rows.push(["key", `public key ${key}`])
  if (certificate !== undefined) {
    const { subject, names } = certificate
    rows.push(["certificate", printable(`names ${[...names, subject].filter((name) => name !== "").join(", ")}`)])
  }
  rows.push(
    ...logs.map(({ url, majorApiVersion }): Fact => [
      "log entry",
      printable(`${url} (version ${majorApiVersion}): signature, ${whose} and ${contentText(plan)}`),
    ]),
    ...timestamps.map((url): Fact => ["timestamp", printable(`${url} is shown a hash of the signature`)]),
    ...items.map((item): Fact => ["signed", printable(itemText(item))]),
  )
  return ["this becomes public, and nobody can take it back:", ...facts(rows, 2, width)]
}

function contentText({ items }: SigstorePlan): string {
  const whole = items.some(({ published }) => published === "statement")
  return whole ? "the whole signed statement" : "hashes of what is signed"
}

function itemText({ artifact, digest, format, annotations }: SigstorePlan["items"][number]): string {
  const named = Object.entries(annotations).map(([name, value]) => `${name}=${value}`)
  return [
    artifact,
    ...(digest === undefined ? [] : [digest]),
    ...(format === undefined ? [] : [`as ${format}`]),
    ...(named.length === 0 ? [] : [`with ${named.join(", ")}`]),
  ].join(" ")
}

/** Members of the document `SigningPlan`. */
export function planMembers({ identity, key, certificate, logs, timestamps, items }: SigstorePlan): JsonObject {
  return {
    identity: identity === undefined ? null : { ...identity, claims: { ...identity.claims } },
    key: key ?? null,
    certificate: certificate === undefined ? null : { subject: certificate.subject, names: [...certificate.names] },
    logs: logs.map(({ url, majorApiVersion }) => ({ url, version: majorApiVersion })),
    timestamps: [...timestamps],
    items: items.map(({ artifact, digest, format, annotations, published }) => ({
      artifact,
      digest: digest ?? null,
      format: format ?? null,
      annotations: { ...annotations },
      published,
    })),
  }
}
