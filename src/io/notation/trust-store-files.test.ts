import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { TrustStoreType } from "../../core/certified.ts"
import { failureOf, makeTestHome, type TestHome } from "./test-home.ts"

let test: TestHome
beforeEach(() => {
  test = makeTestHome()
})
afterEach(() => {
  test.remove()
})

const bytes = new TextEncoder().encode("certificate")
const ca = (name: string): { readonly type: TrustStoreType; readonly name: string } => ({ type: "ca", name })
const at = (...names: readonly string[]): string => test.at("config", "truststore", "x509", ...names)

describe("adding, listing and removing", () => {
  it("files under their base names, for the user alone", async () => {
    const path = await test.home.addCertificate(ca("s"), "/some/where/a.crt", bytes)
    expect(path).toBe(at("ca", "s", "a.crt"))
    expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["certificate", 0o600])
    await test.home.addCertificate({ type: "tsa", name: "s" }, "b", bytes)
    await test.home.addCertificate({ type: "signingAuthority", name: "t" }, "c", bytes)
    const paths = async (type?: TrustStoreType, name?: string): Promise<readonly string[]> =>
      (await test.home.listCertificates(type, name)).map((each) => [each.type, each.name, each.file].join(":"))
    expect(await paths()).toEqual(["ca:s:a.crt", "signingAuthority:t:c", "tsa:s:b"])
    expect(await paths("ca")).toEqual(["ca:s:a.crt"])
    expect(await paths(undefined, "s")).toEqual(["ca:s:a.crt", "tsa:s:b"])
    expect(await paths("ca", "none")).toEqual([])
    expect(await test.home.removeStore({ type: "tsa", name: "s" })).toBe(at("tsa", "s"))
    expect(await test.home.removeStore({ type: "tsa", name: "s" })).toBeUndefined()
    expect(await paths()).toEqual(["ca:s:a.crt", "signingAuthority:t:c"])
  })

  it("an empty home has none", async () => {
    expect(await test.home.listCertificates()).toEqual([])
  })

  it("what is there is kept", async () => {
    const path = await test.home.addCertificate(ca("s"), "a", bytes)
    const error = await failureOf(test.home.addCertificate(ca("s"), "a", new Uint8Array(1)))
    expect(error).toMatchObject({ code: "E_FILE_EXISTS", what: "certificate already exists in the Trust Store" })
    symlinkSync(at("outside"), at("ca", "s", "link"))
    expect((await failureOf(test.home.addCertificate(ca("s"), "link", bytes))).code).toBe("E_FILE_EXISTS")
    expect(readFileSync(path, "utf8")).toBe("certificate")
    expect(existsSync(at("outside"))).toBe(false)
  })

  it("removes one file, and the store with the last one when asked", async () => {
    for (const file of ["a", "b"]) await test.home.addCertificate(ca("s"), file, bytes)
    const remove = (file: string, removeEmpty: boolean): Promise<boolean> =>
      test.home.removeCertificate(ca("s"), file, { removeEmpty })
    expect(await remove("x", true)).toBe(false)
    expect(await remove("a", true)).toBe(true)
    expect(await remove("b", false)).toBe(true)
    expect(existsSync(at("ca", "s"))).toBe(true)
    await test.home.addCertificate(ca("s"), "c", bytes)
    expect(await remove("c", true)).toBe(true)
    expect(existsSync(at("ca", "s"))).toBe(false)
  })

  it.skipIf(process.getuid?.() === 0).each([
    [0o300, "failed to check if the trust store directory PATH is empty: open PATH: permission denied"],
    [0o700, "failed to remove the empty trust store directory PATH: remove PATH: permission denied"],
  ])("a store with mode %o below one that is read-only stays, with a warning", async (mode, expected) => {
    await test.home.addCertificate(ca("s"), "a", bytes)
    const warnings: string[] = []
    chmodSync(at("ca"), 0o500)
    chmodSync(at("ca", "s"), mode)
    try {
      const options = { removeEmpty: true, onWarning: (message: string) => warnings.push(message) }
      expect(await test.home.removeCertificate(ca("s"), "a", options)).toBe(true)
    } finally {
      chmodSync(at("ca", "s"), 0o700)
      chmodSync(at("ca"), 0o700)
    }
    expect(warnings).toEqual([expected.replaceAll("PATH", at("ca", "s"))])
    expect(existsSync(at("ca", "s"))).toBe(true)
  })

  it.each(["../a", "", ".", "..", "x/y", "x\\y", "x\0"])("no file named %j is removed", async (file) => {
    await test.home.addCertificate(ca("s"), "a", bytes)
    writeFileSync(at("ca", "a"), "")
    const removing = test.home.removeCertificate(ca("s"), file, { removeEmpty: true })
    expect((await failureOf(removing)).code).toBe("E_TRUST_MALFORMED")
    expect(existsSync(at("ca", "a"))).toBe(true)
  })

  it("removing a store that is a link leaves what it names", async () => {
    mkdirSync(test.at("config", "truststore", "x509", "ca", "x", "y"), { recursive: true })
    writeFileSync(test.at("outside", "a"), "kept")
    symlinkSync(test.at("outside"), at("ca", "link"))
    expect(await test.home.removeStore(ca("link"))).toBe(at("ca", "link"))
    expect(readFileSync(test.at("outside", "a"), "utf8")).toBe("kept")
  })
})

describe("names", () => {
  it.each(["", ".", "..", "../../..", "a/b", "a b", "ä", "a\n"])("of stores such as %j are refused", async (name) => {
    const refused = [
      test.home.addCertificate(ca(name), "a", bytes),
      test.home.readStore(ca(name)),
      test.home.removeStore(ca(name)),
      test.home.removeCertificate(ca(name), "a", { removeEmpty: true }),
      test.home.listCertificates("ca", name),
    ].map(failureOf)
    const errors = await Promise.all(refused)
    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => "E_TRUST_MALFORMED"))
    expect(errors[0]?.what).toBe("named store name needs to follow [a-zA-Z0-9_.-]+ format")
    expect(errors[1]?.what).toBe(`trust store name needs to follow [a-zA-Z0-9_.-]+ format, ${name} is invalid`)
  })

  it("of types that do not exist are refused", async () => {
    const store = { type: "../ca" as TrustStoreType, name: "a" }
    expect((await failureOf(test.home.addCertificate(store, "a", bytes))).what).toBe("unsupported store type: ../ca")
    expect((await failureOf(test.home.readStore(store))).what).toBe("unsupported trust store type: ../ca")
    expect((await failureOf(test.home.removeStore(store))).code).toBe("E_TRUST_MALFORMED")
  })
})

describe("reading a store", () => {
  it("gives every file as it is, by name", async () => {
    for (const file of ["b.txt", "a"]) await test.home.addCertificate(ca("s"), file, bytes)
    const files = await test.home.readStore(ca("s"))
    expect(files).toEqual(
      ["a", "b.txt"].map((file) => ({ type: "ca", name: "s", file, path: at("ca", "s", file), bytes })),
    )
  })

  it("that is missing or empty", async () => {
    expect(await failureOf(test.home.readStore(ca("s")))).toMatchObject({
      code: "E_TRUST_MISSING",
      what: 'the trust store "s" of type "ca" does not exist',
    })
    mkdirSync(at("ca", "s"), { recursive: true })
    expect(await failureOf(test.home.readStore(ca("s")))).toMatchObject({
      code: "E_TRUST_MISSING",
      what: 'no x509 certificates were found in trust store "s" of type "ca"',
    })
  })

  it.each(["a file", "a link"])("that is %s is refused", async (kind) => {
    await test.home.addCertificate(ca("real"), "a", bytes)
    if (kind === "a file") writeFileSync(at("ca", "s"), "")
    else symlinkSync(at("ca", "real"), at("ca", "s"))
    const what = `the trust store s of type ca with path ${at("ca", "s")} is not a regular directory (symlinks are not supported)`
    expect(await failureOf(test.home.readStore(ca("s")))).toMatchObject({ code: "E_TRUST_MALFORMED", what })
    if (kind === "a link") {
      expect(await failureOf(test.home.addCertificate(ca("s"), "b", bytes))).toMatchObject({ what })
    }
  })

  it.each(["folder", "link", "pipe"])("that holds a %s is refused", async (kind) => {
    const path = await test.home.addCertificate(ca("s"), "a", bytes)
    if (kind === "folder") mkdirSync(at("ca", "s", "odd"))
    if (kind === "link") symlinkSync(path, at("ca", "s", "odd"))
    if (kind === "pipe") execFileSync("mkfifo", [at("ca", "s", "odd")])
    expect(await failureOf(test.home.readStore(ca("s")))).toMatchObject({
      code: "E_TRUST_MALFORMED",
      what: "trusted certificate odd in trust store s of type ca is not a regular file (directories or symlinks are not supported)",
    })
    expect(await test.home.listCertificates()).toHaveLength(1)
  })

  it("with a huge file is refused", async () => {
    await test.home.addCertificate(ca("s"), "a", new Uint8Array(1024 * 1024 + 1))
    expect((await failureOf(test.home.readStore(ca("s")))).code).toBe("E_LIMIT_EXCEEDED")
  })
})
