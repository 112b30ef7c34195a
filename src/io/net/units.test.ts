import { readFileSync } from "node:fs"
import api from "undici/lib/api/index.js"
import Agent from "undici/lib/dispatcher/agent.js"
import { describe, expect, it } from "vitest"

import { classifyAddress, classifyHost, type AddressClass } from "./addresses.ts"
import { parseOrigin, sameOrigin } from "./origin.ts"
import { createProxyResolver } from "./proxy.ts"
import { redactUrl } from "./redact.ts"
import { backoffMs, parseRetryAfter } from "./retry.ts"

describe("undici by path", () => {
  it("is the version whose inside was read, and has the parts", () => {
    const read = (path: string): { version?: string; dependencies?: Record<string, string>; exports?: unknown } =>
      JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as ReturnType<typeof read>
    const installed = read("../../../node_modules/undici/package.json")
    expect(read("../../../package.json").dependencies?.["undici"]).toBe(installed.version)
    expect(installed.version).toBe("8.12.4")
    expect([typeof api.request, typeof Agent]).toEqual(["function", "function"])
  })
})

describe("NO_PROXY as in Go", () => {
  const proxied = (noProxy: string, url: string): boolean =>
    createProxyResolver({ HTTPS_PROXY: "proxy:3128", HTTP_PROXY: "proxy:3128", NO_PROXY: noProxy })(new URL(url)) !==
    undefined

  it.each<[string, string, boolean]>([
    ["", "https://a.example", true],
    ["", "https://localhost", false],
    ["", "https://x.localhost:5000", false],
    ["", "https://127.0.0.1:5000", false],
    ["", "https://127.9.9.9", false],
    ["", "https://[::1]", false],
    ["", "https://10.0.0.1", true],
    ["*", "https://a.example", false],
    ["b.example, *", "https://a.example", false],
    ["a.example", "https://a.example", false],
    ["a.example", "https://x.a.example", false],
    ["a.example", "https://xa.example", true],
    ["a.example", "https://a.example.evil", true],
    [".a.example", "https://a.example", true],
    [".a.example", "https://x.a.example", false],
    ["*.a.example", "https://a.example", true],
    ["*.a.example", "https://x.a.example", false],
    ["A.Example", "https://a.EXAMPLE", false],
    ["a.example:443", "https://a.example", false],
    ["a.example:8443", "https://a.example", true],
    ["a.example:8443", "https://a.example:8443", false],
    ["10.0.0.0/8", "https://10.1.2.3", false],
    ["10.0.0.0/8", "https://11.1.2.3", true],
    ["10.1.2.0/23", "https://10.1.3.255", false],
    ["10.1.2.0/23", "https://10.1.4.0", true],
    ["10.0.0.0/33", "https://10.0.0.1", true],
    ["10.0.0.0/8", "https://10.evil.example", true],
    ["fd00::/8", "https://[fd12::1]", false],
    ["fd00::/8", "https://[fe12::1]", true],
    ["10.0.0.1", "https://10.0.0.1:5000", false],
    ["10.0.0.1:5000", "https://10.0.0.1:5000", false],
    ["10.0.0.1:5001", "https://10.0.0.1:5000", true],
    ["[fd00::1]:5000", "https://[fd00::1]:5000", false],
    ["fd00::1", "https://[fd00::1]", false],
    [" , ,a.example , ", "https://a.example", false],
    ["example", "https://a.example", false],
  ])("NO_PROXY=%j %s: proxied %j", (noProxy, url, expected) => {
    expect(proxied(noProxy, url)).toBe(expected)
  })

  it.each<[Record<string, string>, string, string | undefined]>([
    [{ HTTPS_PROXY: "http://p:1" }, "https://a.example", "http://p:1/"],
    [{ HTTPS_PROXY: "http://p:1" }, "http://a.example", undefined],
    [{ HTTP_PROXY: "http://p:1" }, "https://a.example", undefined],
    [{ https_proxy: "http://p:1" }, "https://a.example", "http://p:1/"],
    [{ HTTPS_PROXY: "http://up:1", https_proxy: "http://low:1" }, "https://a.example", "http://up:1/"],
    [{ HTTPS_PROXY: "p:3128" }, "https://a.example", "http://p:3128/"],
    [{ HTTPS_PROXY: "https://p" }, "https://a.example", "https://p/"],
    [{ HTTP_PROXY: "http://p:1", REQUEST_METHOD: "GET" }, "http://a.example", undefined],
    [{ no_proxy: "a.example", HTTPS_PROXY: "p" }, "https://a.example", undefined],
  ])("%j for %s", (env, url, expected) => {
    expect(createProxyResolver(env)(new URL(url))?.url.href).toBe(expected)
  })

  it.each(["socks5://p:1", "ftp://p", "http://", "http://u:SECRET@ bad"])(
    "a proxy %s is refused, not shown",
    (value) => {
      const resolve = createProxyResolver({ HTTPS_PROXY: value })
      expect(() => resolve(new URL("https://a.example"))).toThrow(
        expect.objectContaining({ code: "E_CONFIG_INVALID" }) as Error,
      )
      expect(() => resolve(new URL("https://a.example"))).toThrow(/^(?!.*SECRET)/)
    },
  )
})

it.each<[string, AddressClass]>([
  ["8.8.8.8", "public"],
  ["127.255.255.255", "loopback"],
  ["172.15.255.255", "public"],
  ["172.16.0.0", "private"],
  ["172.32.0.0", "public"],
  ["169.254.0.1", "link-local"],
  ["169.254.169.254", "metadata"],
  ["100.100.100.200", "metadata"],
  ["255.255.255.255", "reserved"],
  ["::ffff:10.0.0.1", "private"],
  ["::ffff:a00:1", "private"],
  ["64:ff9b::8.8.8.8", "public"],
  ["64:ff9b::7f00:1", "loopback"],
  ["::127.0.0.1", "reserved"],
  ["fe80::1%eth0", "link-local"],
  ["2606:4700::1", "public"],
  ["2001:0:1::", "reserved"],
  ["not an address", "reserved"],
])("address %s is %s", (address, expected) => {
  expect(classifyAddress(address)).toBe(expected)
})

it.each<[string, AddressClass]>([
  ["LOCALHOST", "loopback"],
  ["localhost.", "loopback"],
  ["localhost.example", "public"],
  ["metadata.google.internal.", "metadata"],
])("host %s is %s", (host, expected) => {
  expect(classifyHost(host)).toBe(expected)
})

it.each([
  ["https://a.example", "https://a.example:443/x", true],
  ["https://A.example", "https://a.EXAMPLE", true],
  ["http://a.example", "http://a.example:80", true],
  ["https://a.example", "http://a.example", false],
  ["https://a.example", "https://a.example:8443", false],
  ["https://a.example", "https://a.example.", false],
  ["https://a.example", "https://a.example@b.example", false],
  ["data:x", "data:x", false],
  ["", "", false],
])("origins of %j and %j: %j", (a, b, expected) => {
  expect(sameOrigin(a, b)).toBe(expected)
  expect(parseOrigin("file:///x")).toBeUndefined()
})

describe("redaction", () => {
  it.each([
    ["https://user:SECRET@a.example/x#SECRET", "https://a.example/x"],
    [
      "https://a.example/t?service=s&scope=repository:a:pull&X-Amz-Signature=SECRET",
      "https://a.example/t?service=s&scope=repository:a:pull&X-Amz-Signature=…",
    ],
    ["https://a.example/v2/?_state=SECRET", "https://a.example/v2/?_state=…"],
    ["SECRET", "(not a URL)"],
  ])("%s", (url, expected) => {
    expect(redactUrl(url)).toBe(expected)
  })
})

describe("pauses", () => {
  const bytes = (value: number): { bytes(count: number): Uint8Array } => ({
    bytes: (count) => new Uint8Array(count).fill(value),
  })

  it.each([
    [1, 249],
    [2, 499],
    [4, 1999],
    [12, 19_999],
    [40, 19_999],
  ])("after try %i at most %i ms, at least none", (tried, most) => {
    expect(backoffMs(tried, bytes(255))).toBe(most)
    expect(backoffMs(tried, bytes(0))).toBe(0)
  })

  it.each<[string | undefined, number | undefined]>([
    ["0", 0],
    [" 12 ", 12_000],
    ["Thu, 01 Jan 1970 00:01:40 GMT", 90_000],
    ["Thursday, 01-Jan-70 00:01:40 GMT", 90_000],
    ["Thu Jan  1 00:01:40 1970", 90_000],
    ["Thu, 01 Jan 1970 00:01:40", undefined],
    ["1970-01-01", undefined],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
    ["9".repeat(40), undefined],
  ])("Retry-After %j is %j", (value, expected) => {
    expect(parseRetryAfter(value, 10_000)).toBe(expected)
  })
})
