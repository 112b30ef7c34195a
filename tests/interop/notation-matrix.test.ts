/** Signatures of the real notation, of both lines, are verified by our faces and our own command, and ours by them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestAuthority, type TestAuthority } from "../../src/testing/index.ts"
import { putImage } from "./images.ts"
import { CHAIN_LENGTHS, KEY_TYPES, LAYOUT_SCOPES, makeHome, STAMPED_REPOSITORY, writeStore } from "./notation-home.ts"
import { writeLayout } from "./notation-layout.ts"
import { allPairs, pairsOf, pairwise, type Row } from "./notation-pairs.ts"
import { startOpensslStamps, type OpensslStamps } from "./openssl-stamps.ts"
import { notationTools, openTools, type Tool, type Tools } from "./notation-tools.ts"
import { expectCode, havePeers, type Finished } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const axes = {
  key: KEY_TYPES,
  chain: CHAIN_LENGTHS,
  envelope: ["jws", "cose"],
  extra: ["none", "expiry", "metadata", "timestamp", "openssl's timestamp"],
  place: ["referrers API", "referrers tag", "layout", "blob"],
  // The first line writes the type as the config's media type, the second one as artifact type.
  signer: ["notation", "notation2", "our notation", "our notation2", "own"],
} as const
type Case = Row<typeof axes>

const FIRST_LINE: readonly (string | undefined)[] = ["notation", "our notation"]
const allowed = ({ place, signer }: Partial<Case>): boolean => !(place === "blob" && FIRST_LINE.includes(signer))
const rows = pairwise(axes, allowed)
const METADATA = ['mark=<a & "b">', "Größe=weiß", "eq=a=b"]

/** The first line knows no blobs, and the real one finds in layouts only what it writes itself. */
function mayVerify({ place, signer }: Case, tool: Tool): boolean {
  if (place === "blob") return !FIRST_LINE.includes(tool)
  return !(place === "layout" && tool === "notation" && (signer === "notation2" || signer === "our notation2"))
}

const stamped = ({ extra }: Case): boolean => extra.endsWith("timestamp")

/** What a row is about: how each tool names it. */
interface Subject {
  readonly reference: string
  /** As our own command names it. */
  readonly own: string
  readonly scope: string
}

describe("the table", () => {
  it("has every pair", () => {
    const present = new Set(rows.flatMap((row) => pairsOf(row)))
    expect([...allPairs(axes, allowed)].filter((pair) => !present.has(pair))).toEqual([])
    expect(rows.filter((row) => !allowed(row))).toEqual([])
  })
})

describe.skipIf(!havePeers("notation", "notation2", "docker-registry", "openssl"))(
  "notation in both directions",
  () => {
    let folder: string
    let tools: Tools
    let authority: TestAuthority
    let withApi: InteropRegistry
    let withTags: InteropRegistry
    let openssl: OpensslStamps

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
      tools = openTools(folder)
      ;[withApi, withTags, openssl, authority] = await Promise.all([
        startOurs(),
        startDockerRegistry(),
        startOpensslStamps(),
        startTestAuthority({ revocation: "none" }),
      ])
      await makeHome(folder, authority, [withApi.address, withTags.address])
      writeStore(folder, "tsa", "test", { "openssl.pem": openssl.root })
      writeFileSync(join(folder, "openssl.pem"), openssl.root)
    })
    afterAll(async () => {
      await Promise.all([withApi.stop(), withTags.stop(), openssl.stop(), authority.close()])
      rmSync(folder, { recursive: true, force: true })
    })

    async function prepare(row: Case, at: number): Promise<Subject> {
      const { place } = row
      const content = `artifact ${at}`
      if (place === "blob") {
        mkdirSync(join(folder, `blob-${at}`))
        const file = `blob-${at}/file`
        writeFileSync(join(folder, file), content)
        return { reference: file, own: file, scope: "" }
      }
      if (place === "layout") {
        const reference = `layout-${at}@${writeLayout(join(folder, `layout-${at}`), content)}`
        return { reference, own: `oci:${reference}`, scope: LAYOUT_SCOPES[stamped(row) ? "stamped" : "plain"] }
      }
      const { address } = place === "referrers API" ? withApi : withTags
      const repository = stamped(row) ? STAMPED_REPOSITORY : "interop/plain"
      const { digest } = await putImage(address, repository, content)
      const reference = `${address}/${repository}@${digest}`
      return { reference, own: reference, scope: "" }
    }

    function sign(row: Case, { reference, own }: Subject): Promise<Finished> {
      const key = `${row.key}-${row.chain}`
      const metadata = row.extra === "metadata" ? METADATA : []
      const [stamps, root] =
        row.extra === "timestamp" ? [authority.timestampUrl, "tsa.pem"] : [openssl.url, "openssl.pem"]
      if (row.signer === "own") {
        const format = row.envelope === "jws" ? "notation" : "notation-cose"
        return tools.run("own", [
          ...["sign", "--format", format, "--key", `${key}.key`, "--cert-chain", `${key}.crt`],
          ...metadata.flatMap((pair) => ["--annotation", pair]),
          ...(row.extra === "expiry" ? ["--expires", "24h"] : []),
          ...(stamped(row) ? ["--timestamp-url", stamps, "--timestamp-root", root] : []),
          ...(row.place === "blob" ? ["--blob", own, "--signature", `${own}.${row.envelope}.sig`] : [own]),
        ])
      }
      return tools.run(row.signer, [
        ...(row.place === "blob" ? ["blob", "sign"] : ["sign"]),
        ...["--key", key, "--signature-format", row.envelope],
        ...(row.place === "layout" ? ["--oci-layout"] : []),
        ...(row.place.startsWith("referrers") ? ["--insecure-registry"] : []),
        ...(row.place === "referrers API" ? ["--force-referrers-tag=false"] : []),
        ...metadata.flatMap((pair) => ["--user-metadata", pair]),
        ...(row.extra === "expiry" ? ["--expiry", "24h"] : []),
        ...(stamped(row) ? ["--timestamp-url", stamps, "--timestamp-root-cert", root] : []),
        reference,
      ])
    }

    function verify(
      row: Case,
      verifier: Tool,
      { reference, own, scope }: Subject,
      metadata: readonly string[],
    ): Promise<Finished> {
      const signature = `${reference}.${row.envelope}.sig`
      if (verifier === "own") {
        return tools.run("own", [
          ...["verify", "--trust-store", "ca:test", "--identity", "x509.subject: C=US, ST=WA, O=Countersign Test"],
          ...(stamped(row) ? ["--trust-store", "tsa:test"] : []),
          ...metadata.flatMap((pair) => ["--annotation", pair]),
          ...(row.place === "blob" ? ["--blob", own, "--signature", signature] : [own]),
        ])
      }
      return tools.run(verifier, [
        ...(row.place === "blob" ? ["blob", "verify", "--signature", signature] : ["verify"]),
        ...(row.place === "blob" && stamped(row) ? ["--policy-name", "stamped"] : []),
        ...(row.place === "layout" ? ["--oci-layout", "--scope", scope] : []),
        ...(row.place.startsWith("referrers") ? ["--insecure-registry"] : []),
        ...metadata.flatMap((pair) => ["--user-metadata", pair]),
        reference,
      ])
    }

    it.each(rows.map((row, at) => ({ ...row, at })))(
      "$signer signs: $envelope, $key, chain of $chain, $extra, $place",
      async ({ at, ...row }) => {
        const subject = await prepare(row, at)
        expectCode(await sign(row, subject), 0)
        const verifiers = [...notationTools, "own" as const].filter((tool) => mayVerify(row, tool))
        const metadata = row.extra === "metadata" ? METADATA : []
        const answers = await Promise.all(verifiers.map((verifier) => verify(row, verifier, subject, metadata)))
        for (const answer of answers) expectCode(answer, 0)
        const texts = verifiers.flatMap((verifier, position) =>
          verifier === "own" ? [] : [(answers[position]?.stdout ?? "").trim().split("\n")[0] ?? ""],
        )
        expect(new Set(texts)).toEqual(new Set([`Successfully verified signature for ${subject.reference}`]))
        if (row.extra !== "metadata") return
        const refused = await Promise.all(verifiers.map((verifier) => verify(row, verifier, subject, ["eq=other"])))
        for (const answer of refused) expectCode(answer, 1)
      },
    )
  },
)
