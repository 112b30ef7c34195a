import { describe, expect, it } from "vitest"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { logTimeFault } from "./certificate-times.ts"
import type { VerifiedEntry } from "./log-entries.ts"

const SECOND = 1000
const leaf = { notBefore: 1000 * SECOND, notAfter: 1600 * SECOND } as Certificate

/** @param stated - seconds, as the entry has it; a promise makes it a time of the signature. */
function entry(stated: bigint, promise: boolean): VerifiedEntry {
  const at = Number(stated) * SECOND
  return { entry: { integratedTime: stated }, promise, ...(promise ? { at } : {}) } as unknown as VerifiedEntry
}

describe("times of log entries beside a certificate", () => {
  it.each([
    ["its first second", entry(1000n, true)],
    ["its last second", entry(1600n, true)],
    ["no time", entry(0n, false)],
    ["a time within that nobody promised", entry(1200n, false)],
  ])("%s is right", (_, item) => {
    expect(logTimeFault(leaf, [item], true)).toBeUndefined()
  })

  it("says nothing of times that nobody promised where there is no other: what is missing says more", () => {
    expect(logTimeFault(leaf, [entry(9999n, false)], false)).toBeUndefined()
    expect(logTimeFault(leaf, [entry(9999n, true)], false)?.code).toBe("E_CERT_EXPIRED")
  })

  it.each([
    ["too early", entry(999n, true), "E_CERT_NOT_YET_VALID"],
    ["too late", entry(1601n, true), "E_CERT_EXPIRED"],
    ["too early, not promised", entry(999n, false), "E_CERT_NOT_YET_VALID"],
    ["too late, not promised", entry(1601n, false), "E_CERT_EXPIRED"],
    ["later than there are dates", entry(2n ** 62n, false), "E_CERT_EXPIRED"],
  ])("adv: sigstore-js #1659 %s refuses", (_, item, code) => {
    const fault = logTimeFault(leaf, [entry(1200n, true), item], true)
    expect(fault).toMatchObject({ check: "log.entry", outcome: "failed", code })
    expect(fault?.observed).toBe("failed to verify log inclusion: integrated time outside certificate validity")
  })
})
