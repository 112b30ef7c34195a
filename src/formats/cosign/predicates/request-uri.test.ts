import { describe, expect, it } from "vitest"
import { isRequestUri } from "./request-uri.ts"

// Each text was given to cosign 2.5.0 as the type of an attestation.
describe("isRequestUri", () => {
  it.each([
    "http:",
    "//a b",
    "a:",
    "http://h:80/",
    "*",
    "urn:%zz",
    "http://u@h/",
    "http:x",
    "https://a<b/",
    "https://a/<b>",
    "mailto:x",
    "/abs",
    "http:/a b",
  ])("takes %j", (text) => {
    expect(isRequestUri(text)).toBe(true)
  })

  it.each([
    "",
    "foo",
    "://x",
    "1a:b",
    "http://a b/",
    "http://h:abc/",
    "http://[x/",
    "http://h%41/",
    "x y:z",
    "/%zz",
    "http://h/%zz",
    "?x",
    "a?b:c",
    "#x",
  ])("refuses %j", (text) => {
    expect(isRequestUri(text)).toBe(false)
  })
})
