import { expect, it } from "vitest"

import type { Certificate } from "../crypto/x509/certificate.ts"
import { RevocationLog } from "./revocation-log.ts"

const certificate = { subject: { text: 'CN="x",O=acme' } } as Certificate

function logged(work: (log: RevocationLog) => void): unknown[] {
  const messages: unknown[] = []
  const silent = (): void => undefined
  const debug = (_event: string, fields: { readonly message?: unknown } = {}): void => {
    messages.push(fields.message)
  }
  work(new RevocationLog({ debug, info: silent, warn: silent }, 1, certificate))
  return messages
}

const NAME = '#2 in chain with subject "CN=\\"x\\",O=acme"'

it.each([
  ["good", "good by OCSP", []],
  [
    "unknown",
    "the OCSP responder does not know the certificate",
    [
      `Certificate ${NAME} encountered an error for revocation method OCSP at URL "http://ca.test": the OCSP responder does not know the certificate`,
    ],
  ],
  [
    "revoked",
    "revoked on Monday",
    [
      `Certificate ${NAME} encountered an error for revocation method OCSP at URL "http://ca.test": certificate is revoked via OCSP (revoked on Monday)`,
    ],
  ],
] as const)("an answer that is %s", (status, why, expected) => {
  expect(
    logged((log) => {
      log.answer("OCSP", "http://ca.test", { status, why })
    }),
  ).toEqual(expected)
})

it("names the certificate for which lists are asked, too", () => {
  const expected = [`OCSP check failed with unknown error and fallback to CRL check for certificate ${NAME}`]
  expect(
    logged((log) => {
      log.fallback()
    }),
  ).toEqual(expected)
})

it("says nothing without a logger", () => {
  const log = new RevocationLog(undefined, 0, certificate)
  expect(() => {
    log.answer("CRL", "http://ca.test", { status: "revoked", why: "" })
  }).not.toThrow()
})
