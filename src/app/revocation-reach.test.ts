import { describe, expect, test } from "vitest"
import { parseReference } from "../core/reference-grammar.ts"
import { revocationReach } from "./revocation-reach.ts"
import type { Target } from "./requests.ts"

function targetAt(registry: string): Target {
  return { kind: "registry", reference: parseReference(`${registry}/a/b:1`, { style: "docker" }), text: "" }
}

describe("where URLs in certificates may lead", () => {
  test.each([
    ["localhost:5000", "loopback"],
    ["127.0.0.1:5000", "loopback"],
    ["[::1]:5000", "loopback"],
    ["10.1.2.3:5000", "private"],
    ["172.16.0.9", "private"],
    ["192.168.1.1:80", "private"],
    ["[fd00::1]:5000", "private"],
    ["registry.kube-system.svc.cluster.local", "private"],
    ["registry.acme.internal:443", "private"],
    ["registry:5000", "private"],
    ["docker.io", "public"],
    ["registry.example.com:5000", "public"],
    ["8.8.8.8", "public"],
    ["172.32.0.9", "public"],
    ["10.evil.example.com", "public"],
    ["10.1.2.example.com", "public"],
    ["internal.example.com", "public"],
    ["registry.internal.example.com", "public"],
    ["[2001:db8::1]:5000", "public"],
    ["127.0.0.1.example.com", "public"],
  ])("a registry at %s: %s", (registry, reach) => {
    expect(revocationReach([targetAt(registry)])).toBe(reach)
  })

  test("one public registry makes all of them public, one private all of them private", () => {
    expect(revocationReach([targetAt("127.0.0.1:1"), targetAt("ghcr.io")])).toBe("public")
    expect(revocationReach([targetAt("10.0.0.1"), targetAt("ghcr.io")])).toBe("public")
    expect(revocationReach([targetAt("10.0.0.1"), targetAt("registry.local")])).toBe("private")
  })
})
