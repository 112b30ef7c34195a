import { readdirSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { answering, failureOf, makeTestHome, metadataOf, type TestHome } from "../test-home.ts"
import { paxOf, type TarEntry, tarOf, type ZipEntry, zipOf } from "./test-archives.ts"

let test: TestHome
beforeEach(() => {
  test = makeTestHome()
})
afterEach(() => {
  test.remove()
})

const script = (): string => `#!/bin/sh\n${answering(metadataOf("p"))}\n`
const install = (path: string): Promise<unknown> => test.home.plugins.install(path, { force: true })

function saved(bytes: Uint8Array): string {
  const path = test.at("archive")
  writeFileSync(path, bytes)
  return path
}

/** Nothing was installed and nothing is left. */
function expectClean(): void {
  expect(readdirSync(test.home.folders.libexec)).toEqual(["plugins"])
  expect(readdirSync(test.at("libexec", "plugins"))).toEqual([])
}

const good: ZipEntry & TarEntry = { name: "notation-p", content: script() }
const zipped = { ...good, mode: 0o100755 }
const tarred = { ...good, mode: 0o755 }
const GHSA_LINKS = "adv: GHSA-34x7-hfp2-rc4v"
const GHSA_SIZES = "adv: GHSA-8x88-c5mf-7j5w"
const SLIP = "adv: GHSA-g5v4-5x39-vwhx"

describe("hostile archives", () => {
  it.each<readonly [string, readonly ZipEntry[], string]>([
    [
      `${SLIP} a name with ..`,
      [zipped, { name: "../evil" }],
      `file name in zip cannot contain '..', but found "../evil"`,
    ],
    [
      `${SLIP} .. in a folder`,
      [zipped, { name: "a/../../evil" }],
      `file name in zip cannot contain '..', but found "a/../../evil"`,
    ],
    [`${SLIP} an absolute name`, [zipped, { name: "/evil" }], 'the name "/evil" is refused'],
    [`${SLIP} a drive`, [zipped, { name: "C:evil" }], 'the name "C:evil" is refused'],
    [`${SLIP} a backslash`, [zipped, { name: "a\\evil" }], 'the name "a\\\\evil" is refused'],
    [`${SLIP} a NUL`, [zipped, { name: "evil\0" }], 'the name "evil\\x00" is refused'],
    ["an empty name", [zipped, { name: "" }], 'the name "" is refused'],
    [
      `${GHSA_LINKS} a link`,
      [zipped, { name: "l", content: "/etc/passwd", mode: 0o120777 }],
      '"l" is a link or a device',
    ],
    [
      `${GHSA_LINKS} a link in a folder`,
      [zipped, { name: "d/l", content: "/", mode: 0o120777 }],
      '"d/l" is a link or a device',
    ],
    [
      `${GHSA_LINKS} a link in place of the plugin`,
      [{ ...zipped, mode: 0o120777 }],
      '"notation-p" is a link or a device',
    ],
    ["a device", [zipped, { name: "d", mode: 0o020666 }], '"d" is a link or a device'],
    ["a pipe", [zipped, { name: "d", mode: 0o010666 }], '"d" is a link or a device'],
    ["an encrypted file", [zipped, { name: "e", content: "x", flags: 0x801 }], '"e" is encrypted'],
    [`${GHSA_SIZES} a name twice`, [zipped, zipped], 'the name "notation-p" comes twice'],
    [`${GHSA_LINKS} a name in two cases`, [zipped, { name: "NOTATION-P" }], 'the name "NOTATION-P" comes twice'],
    [`${GHSA_LINKS} a name in two forms of Unicode`, [zipped, { name: "\u00e9" }, { name: "e\u0301" }], "comes twice"],
    [
      "too many entries",
      [zipped, ...Array.from({ length: 1000 }, (_, i) => ({ name: `f${i}` }))],
      "there are too many",
    ],
    [`${GHSA_SIZES} more content than it says`, [zipped, { name: "b", content: "123", size: 2 }], "it cannot be read"],
    ["content that is not that of its checksum", [{ ...zipped, crc: 1 }], "it cannot be read"],
  ])("zip: %s", async (_name, entries, what) => {
    const error = await failureOf(install(saved(zipOf(entries))))
    expect([error.code, error.what]).toEqual(["E_PLUGIN_INVALID", expect.stringContaining(what)])
    expectClean()
  })

  it.each<readonly [string, readonly TarEntry[], string]>([
    [
      `${SLIP} a name with ..`,
      [tarred, { name: "../evil" }],
      `file name in tar.gz cannot contain '..', but found "../evil"`,
    ],
    [`${SLIP} a folder with ..`, [tarred, { name: "a/../", type: "5" }], `file name in tar.gz cannot contain '..'`],
    [`${SLIP} an absolute name`, [tarred, { name: "/evil" }], 'the name "/evil" is refused'],
    [`${SLIP} a backslash`, [tarred, { name: "a\\evil" }], "is refused"],
    [
      `${SLIP} a NUL in an attribute`,
      [{ name: "x", type: "x", content: paxOf({ path: "evil\0.." }) }, tarred],
      "cannot contain '..'",
    ],
    [`${GHSA_LINKS} a link`, [tarred, { name: "l", type: "2", link: "/etc/passwd" }], 'an entry has the type "2"'],
    [`${GHSA_LINKS} a hard link`, [tarred, { name: "l", type: "1", link: "notation-p" }], 'an entry has the type "1"'],
    [
      `${GHSA_LINKS} a file through a link`,
      [
        { name: "d", type: "2", link: "/tmp" },
        { ...tarred, name: "d/notation-p" },
      ],
      'an entry has the type "2"',
    ],
    [
      "adv: CVE-2021-29136 the top as a link",
      [{ name: "./", type: "2", link: "/" }, tarred],
      'an entry has the type "2"',
    ],
    ["a device", [tarred, { name: "d", type: "3" }], 'an entry has the type "3"'],
    ["a block device", [tarred, { name: "d", type: "4" }], 'an entry has the type "4"'],
    ["a pipe", [tarred, { name: "d", type: "6" }], 'an entry has the type "6"'],
    ["adv: CVE-2025-58183 a sparse file", [tarred, { name: "d", type: "S" }], 'an entry has the type "S"'],
    [
      "adv: CVE-2025-58183 a sparse file in attributes",
      [{ name: "x", type: "x", content: paxOf({ "GNU.sparse.major": "1" }) }, tarred],
      "has the attribute GNU.sparse.major",
    ],
    [
      `${GHSA_SIZES} attributes for all`,
      [{ name: "g", type: "g", content: paxOf({ path: "notation-p" }) }, tarred],
      'an entry has the type "g"',
    ],
    [
      `${GHSA_SIZES} a second size`,
      [{ name: "x", type: "x", content: paxOf({ size: "1" }) }, tarred],
      "has the attribute size",
    ],
    [
      `${GHSA_SIZES} attributes and a long name`,
      [{ name: "x", type: "x", content: paxOf({ path: "a" }) }, { name: "L", type: "L", content: "b\0" }, tarred],
      "its metadata is refused",
    ],
    [
      `${GHSA_SIZES} a negative size`,
      [tarred, { name: "n", size: "\xff".repeat(12) }],
      "the size of an entry is refused",
    ],
    [`${GHSA_SIZES} a size that is no number`, [tarred, { name: "n", size: "-1" }], "the size of an entry is refused"],
    [`${GHSA_SIZES} a folder with content`, [tarred, { name: "d/", type: "5", content: "x" }], "a folder has content"],
    [
      "adv: CVE-2022-2879 huge attributes",
      [{ name: "x", type: "x", content: paxOf({ a: "x".repeat(1024 * 1024) }) }, tarred],
      "its metadata is refused",
    ],
    [`${GHSA_SIZES} a name twice`, [tarred, tarred], 'the name "notation-p" comes twice'],
    [
      `${GHSA_SIZES} a base name twice`,
      [tarred, { ...tarred, name: "d/notation-p" }],
      'the name "/notation-p" comes twice',
    ],
    [
      "too many entries",
      [tarred, ...Array.from({ length: 1000 }, (_, i) => ({ name: `f${i}` }))],
      "there are too many",
    ],
    ["an end that is missing", [tarred, { name: "n", size: "00000001000\0" }], "it cannot be read"],
  ])("tar: %s", async (_name, entries, what) => {
    const error = await failureOf(install(saved(gzipSync(tarOf(entries)))))
    expect([error.code, error.what]).toEqual(["E_PLUGIN_INVALID", expect.stringContaining(what)])
    expectClean()
  })

  it.each([
    ["a tar that ends early", (): Uint8Array => gzipSync(tarOf([tarred], new Uint8Array()))],
    ["something behind the end", (): Uint8Array => gzipSync(Buffer.concat([tarOf([tarred]), Buffer.from("more")]))],
    ["a gzip that ends early", (): Uint8Array => gzipSync(tarOf([tarred])).subarray(0, -9)],
    ["a gzip whose checksum is wrong", (): Uint8Array => gzipSync(tarOf([tarred])).with(-5, 0x55)],
    ["a gzip of something else", (): Uint8Array => gzipSync(script())],
    ["a zip that ends early", (): Uint8Array => zipOf([zipped]).subarray(0, -10)],
    ["a zip of nothing", (): Uint8Array => Buffer.from("PK\x03\x04")],
  ])("%s", async (_name, bytes) => {
    expect(await failureOf(install(saved(bytes())))).toMatchObject({
      code: "E_PLUGIN_INVALID",
      what: expect.stringMatching(/archive is refused: it cannot be read/) as string,
    })
    expectClean()
  })
})
