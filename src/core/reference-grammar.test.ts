import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { ToolError } from "./errors.ts"
import {
  cosignRepositoryName,
  dialHost,
  manifestReference,
  parseReference,
  parseRepositoryName,
} from "./reference-grammar.ts"
import { repositoryName, type Reference } from "./reference.ts"

/** The whole reference as text. */
function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`
  return `${repositoryName(reference)}${tag}${reference.digest === undefined ? "" : `@${reference.digest}`}`
}

const HEX = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
const D = `@sha256:${HEX}`

function why(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ToolError && error.code === "E_REF_INVALID") return error.why ?? ""
    throw error
  }
  return "accepted"
}

describe("parseReference, docker style", () => {
  it.each([
    ["ubuntu", "docker.io/library/ubuntu:latest"],
    ["ubuntu:22.04", "docker.io/library/ubuntu:22.04"],
    ["team/app", "docker.io/team/app:latest"],
    ["docker.io/ubuntu", "docker.io/library/ubuntu:latest"],
    ["index.docker.io/ubuntu", "docker.io/library/ubuntu:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["a.b/c", "a.b/c:latest"],
    ["Foo/bar", "Foo/bar:latest"],
    ["[::1]:5000/x", "[::1]:5000/x:latest"],
    ["10.0.0.1:80/a/b/c__d---e.f_g", "10.0.0.1:80/a/b/c__d---e.f_g:latest"],
    [`a.b/c${D}`, `a.b/c${D}`],
    [`a.b/c:v1${D}`, `a.b/c${D}`],
    [`a.b/c@sha512:${"0".repeat(128)}`, `a.b/c@sha512:${"0".repeat(128)}`],
  ])("%s is %s", (text, printed) => {
    expect(formatReference(parseReference(text, { style: "docker" }))).toBe(printed)
  })
})

describe("parseReference, cosign style", () => {
  // Registry and repository as `cosign triangulate` (2.5.0 and 3.1.1) prints them.
  it.each([
    ["ubuntu", "index.docker.io/library/ubuntu"],
    ["localhost/x1", "index.docker.io/localhost/x1"],
    ["localhost:5000/aa", "localhost:5000/aa"],
    ["a.b/cc", "a.b/cc"],
    ["[::1]:5000/xx", "[::1]:5000/xx"],
    ["x1:5000/yy", "x1:5000/yy"],
    ["docker.io/ab", "index.docker.io/library/ab"],
    ["index.docker.io/ab/cd:t", "index.docker.io/ab/cd"],
    ["registry-1.docker.io/ab", "registry-1.docker.io/ab"],
    ["a.B/cc", "a.B/cc"],
    ["Foo.io/ab", "Foo.io/ab"],
    ["foo/ab:la", "index.docker.io/foo/ab"],
  ])("%s names %s", (text, name) => {
    expect(cosignRepositoryName(parseReference(text + D, { style: "cosign" }))).toBe(name)
  })

  it("keeps tag and digest, and adds latest only when neither is there", () => {
    expect(parseReference(`a.b/cc:v1${D}`, { style: "cosign" })).toMatchObject({ tag: "v1", digest: D.slice(1) })
    expect(parseReference(`a.b/cc${D}`, { style: "cosign" }).tag).toBeUndefined()
    expect(parseReference("a.b/cc", { style: "cosign" }).tag).toBe("latest")
    expect(parseReference("a.b/cc", { style: "cosign", defaultTag: false }).tag).toBeUndefined()
  })

  it.each([
    ["a", "too short"],
    ["a.b/c", "too short"],
    ["A/bc", "lowercase"],
    [`a.b/cc@sha512:${"0".repeat(128)}`, "not sha256"],
  ])("%s is refused", (text, part) => {
    expect(why(() => parseReference(text, { style: "cosign" }))).toContain(part)
  })
})

describe("parseReference refuses", () => {
  it.each([
    ["", "empty"],
    ["https://a.b/cc", "URL scheme"],
    ["oci://a.b/cc", "URL scheme"],
    [HEX, "64 hexadecimal"],
    ["a.b/cC", "lowercase"],
    ["a.b/cc:", "tag"],
    ["a.b/cc:-x", "tag"],
    [`a.b/cc:${"t".repeat(129)}`, "tag"],
    ["a.b/cc@", "digest"],
    ["a.b/cc@sha256:", "digest"],
    [`a.b/cc@sha256:${HEX.toUpperCase()}`, "digest"],
    [`a.b/cc@sha256:${HEX}0`, "digest"],
    [`a.b/cc@md5:${HEX.slice(32)}`, "digest"],
    [`a.b/cc${D}${D}`, "digest"],
    [`a.b/cc${D}:v1`, "digest"],
    ["a.b//cc", "repository"],
    ["a.b/cc/", "repository"],
    ["/cc", "repository"],
    ["a.b/../cc", "repository"],
    ["a.b/cc/..", "repository"],
    ["a.b/-cc", "repository"],
    ["a.b/cc-", "repository"],
    ["a.b/c___d", "repository"],
    ["a.b/cc?x=1", "repository"],
    ["a.b/cc%2fdd", "repository"],
    ["a.b\\cc/dd", "registry"],
    ["user@a.b/cc", "digest"],
    ["u:p@a.b/cc", "digest"],
    ["a.b:80:81/cc", "registry"],
    ["a.b:80x/cc", "registry"],
    ["a.b:/cc", "registry"],
    ["a.b:99999/cc", "port"],
    ["[::1]evil/cc", "registry"],
    [".b/cc", "registry"],
    ["a..b/cc", "registry"],
    ["a.b/c c", "spaces"],
    ["a.b/cc\n", "spaces"],
    ["a.b/cc\u0000", "spaces"],
    ["ä.b/cc", "spaces"],
    ["a.b/сс", "spaces"],
    [`a.b/${"c".repeat(256)}`, "at most 255"],
    [`a.b/${"c".repeat(3000)}`, "at most 2048"],
  ])("%j", (text, part) => {
    for (const style of ["docker", "cosign"] as const)
      expect(why(() => parseReference(text, { style }))).toContain(part)
  })

  it("a tag or digest where a repository is wanted", () => {
    expect(parseRepositoryName("a.b:80/cc/dd", "docker")).toEqual({ registry: "a.b:80", repository: "cc/dd" })
    expect(why(() => parseRepositoryName("a.b/cc:v1", "docker"))).toContain("tag or digest")
    expect(why(() => parseRepositoryName(`a.b/cc${D}`, "cosign"))).toContain("tag or digest")
  })
})

describe("hosts", () => {
  it("differ from the printed name for Docker Hub alone", () => {
    const hub = parseReference("ubuntu", { style: "docker" })
    expect([dialHost(hub), dialHost(hub, "cosign"), manifestReference(hub)]).toEqual([
      "registry-1.docker.io",
      "index.docker.io",
      "latest",
    ])
    const other = parseReference(`a.b:80/cc:v1${D}`, { style: "cosign" })
    expect([dialHost(other), manifestReference(other)]).toEqual(["a.b:80", D.slice(1)])
  })
})

describe("properties", () => {
  const character = fc.constantFrom(...Array.from("aA0.:/@-_[]sha256:latest\\%? \n"))
  const text = fc.oneof(
    fc.string(),
    fc.array(character, { maxLength: 60 }).map((all) => all.join("")),
  )

  it("any text is either refused with E_REF_INVALID or printed so that it parses to the same", () => {
    fc.assert(
      fc.property(text, fc.constantFrom("docker" as const, "cosign" as const), (input, style) => {
        if (why(() => parseReference(input, { style })) !== "accepted") return
        const parsed = parseReference(input, { style })
        expect(parseReference(formatReference(parsed), { style })).toEqual(parsed)
        const url = new URL(`https://${parsed.registry}/v2/${parsed.repository}/x`)
        expect(url.pathname).toBe(`/v2/${parsed.repository}/x`)
        expect(url.username).toBe("")
      }),
      { numRuns: 500 },
    )
  })
})
