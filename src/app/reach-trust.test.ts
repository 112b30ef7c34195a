import { describe, expect, it } from "vitest"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import type { TrustRepository, TrustStatus } from "../core/sigstore-ports.ts"
import { reachTrust } from "./reach-trust.ts"

function at(mirror: string): Pick<TrustRepository, "status"> {
  return { status: () => Promise.resolve({ mirror } as TrustStatus) }
}

function failure(code: ErrorCode, trust: Pick<TrustRepository, "status">): Promise<ToolError> {
  const thrown = new ToolError(code, { what: "cannot find host", why: "no such name", next: ["its own advice"] })
  return reachTrust(trust, "trusted root", () => Promise.reject(thrown)).then(() => {
    throw new Error("it was read")
  }, asToolError)
}

describe("a repository of trust data that cannot be reached", () => {
  it.each<[ErrorCode, string, string]>([
    [
      "E_NET_DNS",
      "https://tuf-repo-cdn.sigstore.dev",
      "the trusted root of Sigstore's public instance (mirror tuf-repo-cdn.sigstore.dev)",
    ],
    ["E_NET_CONNECT", "https://tuf.example/x", "the trusted root of the instance in use (mirror tuf.example)"],
    ["E_NET_TIMEOUT", "no URL", "the trusted root"],
    ["E_NET_PROXY", "https://name:secret@tuf.example", "the trusted root of the instance in use (mirror tuf.example)"],
  ])("is named, with what to do without it: %s of %s", async (code, mirror, name) => {
    const error = await failure(code, at(mirror))
    expect(error).toMatchObject({ code, what: `${name} could not be refreshed`, why: "cannot find host: no such name" })
    expect(error.next.join("\n")).toMatch(/`--offline`[^]*`--trusted-root FILE`[^]*trust update --mirror URL/)
  })

  it("is told of even where its name cannot be had", async () => {
    const error = await failure("E_NET_DNS", { status: () => Promise.reject(new Error("no cache")) })
    expect(error.what).toBe("the trusted root could not be refreshed")
  })

  it.each<ErrorCode>([
    "E_TRUST_STALE",
    "E_TRUST_ROLLBACK",
    "E_NET_TOO_LARGE",
    "E_NET_OFFLINE",
    "E_NET_FORBIDDEN_TARGET",
  ])("is not what %s means", async (code) => {
    const error = await failure(code, at("https://tuf.example"))
    expect(error).toMatchObject({ code, what: "cannot find host", next: ["its own advice"] })
  })
})
