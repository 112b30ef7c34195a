import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { chainOrder } from "./chain-order.ts"

const data = JSON.parse(readFileSync(new URL("testdata/chains.json", import.meta.url), "utf8")) as {
  readonly certificates: readonly string[]
  readonly cases: readonly { readonly name: string; readonly chain: readonly number[] }[]
}

const chainOf = (name: string): readonly Certificate[] =>
  (data.cases.find((one) => one.name === name)?.chain ?? []).map((index) =>
    parseCertificate(decodeBase64(data.certificates[index] ?? "", { what: "certificate", max: 65536 })),
  )
const names = (certificates: readonly Certificate[]): readonly string[] =>
  certificates.map(({ thumbprint }) => thumbprint)

describe("chainOrder", () => {
  it.each(["alone P-256", "leaf P-256", "three", "path length 0 fits", "ten certificates"])("any order: %s", (name) => {
    const chain = chainOf(name)
    const turned = [...chain.slice(chain.length / 2), ...chain.slice(0, chain.length / 2)]
    for (const given of [chain, chain.toReversed(), turned]) {
      const { chain: found, left } = chainOrder(given)
      expect(names(found)).toEqual(names(chain))
      expect(left).toEqual([])
    }
  })

  it.each([
    ["another key", "issued by another key"],
    ["another name, by signature", "issued by another name"],
  ])("an issuer with %s has its place", (_, name) => {
    const chain = chainOf(name)
    expect(names(chainOrder(chain.toReversed()).chain)).toEqual(names(chain))
  })

  it("leaves out what is not in the chain", () => {
    const chain = chainOf("three")
    const strangers = chainOf("alone P-384")
    const order = chainOrder([...chain, ...strangers])
    expect(names(order.chain)).toEqual(names(chain))
    expect(names(order.left)).toEqual(names(strangers))
  })

  it("leaves out what comes twice", () => {
    const chain = chainOf("root twice")
    const order = chainOrder(chain)
    expect(names(order.chain)).toEqual(names(chain.slice(0, 2)))
    expect(names(order.twice)).toEqual(names(chain.slice(2)))
    expect(order.left).toEqual([])
  })

  it("ends where the issuer is missing", () => {
    const [leaf, , root] = chainOf("three")
    const order = chainOrder([root!, leaf!])
    expect(names(order.chain)).toEqual(names([leaf!]))
    expect(names(order.left)).toEqual(names([root!]))
  })

  it("of nothing is nothing", () => {
    expect(chainOrder([])).toEqual({ chain: [], left: [], twice: [] })
  })
})
