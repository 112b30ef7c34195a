import {
  DER_TAG,
  type DerElement,
  derChildren,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, derAscii, retagDer } from "../../codec/der-values.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import type { Extension } from "./certificate.ts"

const MAX_INT64 = 2n ** 63n - 1n

/** By object identifier: name, and what the value must hold. */
const RULES: Readonly<Record<string, readonly [string, (value: Uint8Array, what: string) => void]>> = {
  "2.5.29.14": ["subjectKeyIdentifier", (value, what) => void derOctetString(parseDer(value, what), what)],
  "2.5.29.30": ["nameConstraints", nameConstraints],
  "2.5.29.32": ["certificatePolicies", certificatePolicies],
  "2.5.29.33": ["policyMappings", policyMappings],
  "2.5.29.35": ["authorityKeyIdentifier", (value, what) => void derSequence(parseDer(value, what), what)],
  "2.5.29.36": ["policyConstraints", policyConstraints],
  "2.5.29.54": ["inhibitAnyPolicy", (value, what) => void number(parseDer(value, what), what)],
}

/**
 * Check extensions that nothing here acts upon as Go does when it reads a certificate: one that others cannot read must not
 * be good here.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: RFC 5280 sections 4.2.1.1, 4.2.1.2, 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11 and 4.2.1.14.
 */
export function checkPassiveExtensions(extensions: ReadonlyMap<string, Extension>): void {
  for (const [oid, { value }] of extensions) {
    if (!Object.hasOwn(RULES, oid)) continue
    const [name, check] = RULES[oid] ?? []
    check?.(value, `certificate extension ${name}`)
  }
}

function number(element: DerElement, what: string): bigint {
  const value = derInteger(element, what)
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) throw malformed(what, "a number beyond 64 bits")
  return value
}

function certificatePolicies(value: Uint8Array, what: string): void {
  const seen = new Set<string>()
  for (const item of derSequence(parseDer(value, what), what)) {
    const oid = derOid(derSequence(item, what)[0], what)
    if (seen.has(oid)) throw malformed(what, `policy ${oid} comes twice`)
    seen.add(oid)
  }
}

function policyMappings(value: Uint8Array, what: string): void {
  for (const item of derSequence(parseDer(value, what), what)) {
    const [issuer, subject] = derSequence(item, what)
    derOid(issuer, what)
    derOid(subject, what)
  }
}

function policyConstraints(value: Uint8Array, what: string): void {
  for (const item of derSequence(parseDer(value, what), what)) {
    const known = item.tag === contextTag(0, false) || item.tag === contextTag(1, false)
    if (known) number(retagDer(item, DER_TAG.integer), what)
  }
}

function nameConstraints(value: Uint8Array, what: string): void {
  const members = derSequence(parseDer(value, what), what)
  const tags = members.map(({ tag }) => tag)
  const [permitted, excluded] = [contextTag(0, true), contextTag(1, true)]
  const known = tags.every((tag) => tag === permitted || tag === excluded)
  if (!known || (tags.length > 1 && (tags[0] !== permitted || tags[1] !== excluded)) || tags.length > 2) {
    throw malformed(what, "expected permitted names, excluded names or both")
  }
  const subtrees = members.flatMap((list) => derChildren(list, what))
  if (subtrees.length === 0) throw malformed(what, "it constrains nothing")
  for (const subtree of subtrees) constraint(derSequence(subtree, what)[0], what)
}

function constraint(base: DerElement | undefined, what: string): void {
  if (base === undefined) throw malformed(what, "a constraint without a name")
  const [email, dns, uri] = [contextTag(1, false), contextTag(2, false), contextTag(6, false)]
  if (base.tag === contextTag(7, false) && !isNetwork(base.contents)) throw malformed(what, "an address without a mask")
  if (![email, dns, uri].includes(base.tag)) return
  const text = derAscii(base, what)
  const mailbox = base.tag === email && text.includes("@")
  const address = base.tag === uri && (text.includes(":") || /^[0-9]+(?:\.[0-9]+){3}$/.test(text))
  if (!mailbox && (address || !isDomain(text))) throw malformed(what, `${quoted(text, 200)} is no domain`)
}

/** Nothing, or labels between dots; one dot in front means all names below. */
function isDomain(text: string): boolean {
  return text === "" || (/^[!-~]+$/.test(text) && !text.replace(/^\./, "").split(".").includes(""))
}

/** An IPv4 or IPv6 address and a mask: ones, then zeros. */
function isNetwork(bytes: Uint8Array): boolean {
  if (bytes.length !== 8 && bytes.length !== 32) return false
  const mask = Array.from(bytes.subarray(bytes.length / 2), (byte) => byte.toString(2).padStart(8, "0")).join("")
  return /^1*0*$/.test(mask)
}
