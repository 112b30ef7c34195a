import { describe, expect, it } from "vitest"
import { normalPath, pathOfUrl } from "./path.ts"

describe("normalPath", () => {
  it.each([
    ["/v2/", "/v2/"],
    ["/v2", "/v2"],
    ["/v2/a/b/manifests/sha256:ab", "/v2/a/b/manifests/sha256:ab"],
    ["/v2/a/b/manifests/sha256%3Aab", "/v2/a/b/manifests/sha256:ab"],
    ["/v2/a/b/blobs/uploads/", "/v2/a/b/blobs/uploads/"],
  ])("keeps %s", (path, normal) => {
    expect(normalPath(path)).toBe(normal)
  })

  it.each([
    "//v2/a/tags/list",
    "/v2//a/tags/list",
    "/v2/a/../b/tags/list",
    "/v2/a/./b/tags/list",
    "/v2/a/%2e%2e/b/tags/list",
    "/v2/a%2fb/tags/list",
    "/v2/a%2Fb/tags/list",
    "/v2/a%252fb/tags/list",
    "/v2/a/tags/list/",
    "/v2/a/tags/list;x",
    "/v2/a/tags/list%00",
    "/v2/a\\b/tags/list",
    "/v2/a/manifests/sha256%253Aab",
    "/v2/ä/tags/list",
    "v2/a",
    "",
  ])("adv: zot #4131, GHSA-9f29-v6mm-pw6w refuses %j", (path) => {
    expect(normalPath(path)).toBeUndefined()
  })
})

describe("pathOfUrl", () => {
  it.each([
    ["http://h/v2/a?x=/b", "/v2/a"],
    ["http://h:1/v2/", "/v2/"],
    ["http://h", "/"],
    ["http://h/v2/a#b", "/v2/a"],
  ])("%s", (url, path) => {
    expect(pathOfUrl(url)).toBe(path)
  })
})
