import { describe, expect, it } from "vitest"

import { asToolError } from "../../core/errors.ts"
import { nextPage, resolveUploadLocation, withDigest } from "./server-links.ts"

const from = "https://reg.example:8443/v2/a/b/blobs/uploads/"

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return asToolError(error).code
  }
  return "accepted"
}

describe("resolveUploadLocation", () => {
  it.each([
    ["/v2/x?_state=a%2Bb%3D&y", "https://reg.example:8443/v2/x?_state=a%2Bb%3D&y"],
    ["x", "https://reg.example:8443/v2/a/b/blobs/uploads/x"],
    ["https://REG.example:8443/x#y", "https://reg.example:8443/x"],
  ])("%s", (location, url) => {
    expect(resolveUploadLocation(location, from)).toBe(url)
  })

  it("takes the default port for written", () => {
    expect(resolveUploadLocation("https://reg.example/x", "https://reg.example:443/y")).toBe("https://reg.example/x")
  })

  it.each([
    "https://reg.example/x",
    "https://reg.example:443/x",
    "http://reg.example:8443/x",
    "https://reg.example:8443@evil.example/x",
    "https://evil.example\\@reg.example:8443/x",
    "\\\\evil.example/x",
    "https://reg.example.:8443/x",
    "https://user@reg.example:8443/x",
    "ftp://reg.example:8443/x",
    "",
  ])("refuses %s", (location) => {
    expect(codeOf(() => resolveUploadLocation(location, from))).toBe("E_REGISTRY_PROTOCOL")
  })

  it("adds the digest without touching the query", () => {
    expect(withDigest("https://r/x?_state=a%2Bb", "sha256:ab")).toBe("https://r/x?_state=a%2Bb&digest=sha256%3Aab")
    expect(withDigest("https://r/x", "sha256:ab")).toBe("https://r/x?digest=sha256%3Aab")
  })
})

describe("nextPage", () => {
  it.each([
    [['</n?a=1,2>; rel="next"'], "https://reg.example:8443/n?a=1,2"],
    [["</n>; rel=next"], "https://reg.example:8443/n"],
    [['</p>; rel="prev", </n>; rel="next"'], "https://reg.example:8443/n"],
    [['</p>; rel="prev"', '</n>; title="a, b"; rel="last next"'], "https://reg.example:8443/n"],
    [['</n>;REL="Next"'], "https://reg.example:8443/n"],
    [['</n>; rel="nextx"'], undefined],
    [["</n>"], undefined],
    [["</n; rel=next"], undefined],
    [["rel=next"], undefined],
    [[`</${"x".repeat(20_000)}>; rel="next"`], undefined],
    [[], undefined],
  ])("%j", (links, url) => {
    expect(nextPage(links, from)).toBe(url)
  })

  it("refuses userinfo and other origins", () => {
    for (const target of ["https://u@reg.example:8443/x", "https://reg.example/x", "//reg.example:1/x"]) {
      expect(codeOf(() => nextPage([`<${target}>; rel="next"`], from))).toBe("E_NET_FORBIDDEN_TARGET")
    }
  })
})
