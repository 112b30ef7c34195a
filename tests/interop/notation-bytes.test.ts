/** What we write is what the real programs write, to the byte, but for times, signatures and the name of the program. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { startTestAuthority, type TestAuthority } from "../../src/testing/index.ts"
import { putImage } from "./images.ts"
import { writeConfig, writeKey } from "./notation-home.ts"
import { writeLayout } from "./notation-layout.ts"
import { lineOf, openTools, type NotationTool, type Tools } from "./notation-tools.ts"
import { expectCode, havePeers } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const pairs = [
  ["notation", "our notation"],
  ["notation2", "our notation2"],
] as const
const METADATA = ["-m", 'z=<a & "b">\u2028', "-m", "Größe=weiß", "-m", "a=1"]
const OCI_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*"
/** Bytes of a signature by each key. */
const SIGNATURE_BYTES = { "ecdsa-p256": 64, "rsa-3072": 384 } as const
type Key = keyof typeof SIGNATURE_BYTES

const cases = (["jws", "cose"] as const).flatMap((format) =>
  (["ecdsa-p256", "rsa-3072"] as const).flatMap((key) =>
    (["nothing", "everything"] as const).map((options) => ({ format, key, options })),
  ),
)

const withoutTimes = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")

/** A JWS envelope, its protected header readable, without what differs from run to run. */
function jwsText(bytes: Uint8Array): string {
  return new TextDecoder()
    .decode(bytes)
    .replace(/"protected":"([^"]+)"/, (_all, header: string) => {
      const options = { alphabet: "url", padding: "forbidden", max: 10_000, what: "header" } as const
      return withoutTimes(new TextDecoder().decode(decodeBase64(header, options)))
    })
    .replace(/"signature":"[\w-]+"/, '"signature":…')
    .replace(/"io\.cncf\.notary\.timestampSignature":"[^"]+"/, "TOKEN")
    .replace(/"io\.cncf\.notary\.signingAgent":"notation-go\/[^"]+"/, "AGENT")
}

const hexOf = (text: string): string => Buffer.from(text).toString("hex")
/** CBOR text string of 24 to 255 bytes. */
const cborLabel = (text: string): string => `78${text.length.toString(16)}${hexOf(text)}`

/** A COSE envelope in hex, without what differs from run to run. */
function coseText(bytes: Uint8Array, key: Key): string {
  const hex = Buffer.from(bytes).toString("hex")
  const token = cborLabel("io.cncf.notary.timestampSignature")
  const agent = cborLabel("io.cncf.notary.signingAgent")
  const cut = (text: string, label: string): string => {
    const at = text.indexOf(label)
    if (at < 0) return text
    const start = at + label.length
    const head = text.slice(start, start + 2)
    const digits = { "59": 4, "58": 2, "78": 2 }[head] ?? 0
    const length =
      digits === 0 ? Number.parseInt(head, 16) & 31 : Number.parseInt(text.slice(start + 2, start + 2 + digits), 16)
    return `${text.slice(0, start)}…${text.slice(start + 2 + digits + 2 * length)}`
  }
  const body = hex.slice(0, hex.length - 2 * SIGNATURE_BYTES[key])
  return cut(cut(body, agent), token).replaceAll(/c11a[0-9a-f]{8}/g, "c1TIME")
}

interface Written {
  readonly list: string
  readonly manifest: string
  readonly envelope: string
}

interface Signed {
  readonly manifests: readonly { readonly digest: string }[]
}

describe.skipIf(!havePeers("notation", "notation2", "docker-registry"))("bytes of notation signatures", () => {
  let folder: string
  let tools: Tools
  let authority: TestAuthority
  let withTags: InteropRegistry
  let withApi: InteropRegistry
  let sequence = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    tools = openTools(folder)
    ;[withTags, withApi, authority] = await Promise.all([
      startDockerRegistry(),
      startOurs(),
      startTestAuthority({ revocation: "none" }),
    ])
    const keys = []
    for (const keyType of ["ecdsa-p256", "rsa-3072"] as const) {
      const signer = await authority.issueSigner({ keyType, chainLength: 3 })
      keys.push(writeKey(folder, keyType, signer.keyPem, signer.chainPem))
    }
    writeConfig(folder, "signingkeys.json", { keys })
    writeFileSync(join(folder, "tsa.pem"), authority.timestampRootPem)
  })
  afterAll(async () => {
    await Promise.all([withTags.stop(), withApi.stop(), authority.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  const flags = ({ format, key, options }: (typeof cases)[number]): readonly string[] => {
    const stamp = ["--timestamp-url", authority.timestampUrl, "--timestamp-root-cert", "tsa.pem"]
    const more = options === "everything" ? [...METADATA, "--expiry", "24h", ...stamp] : []
    return ["--key", key, "--signature-format", format, ...more]
  }
  const readable = (one: (typeof cases)[number], envelope: Uint8Array): string =>
    one.format === "jws" ? jwsText(envelope) : coseText(envelope, one.key)
  /** The three documents of a signature, given how to read by digest. */
  const written = async (
    one: (typeof cases)[number],
    list: string,
    read: (what: "manifests" | "blobs", digest: string) => Promise<Buffer>,
  ): Promise<Written> => {
    const digest = (JSON.parse(list) as Signed).manifests.at(-1)?.digest ?? ""
    const manifest = (await read("manifests", digest)).toString()
    const layer = (JSON.parse(manifest) as { layers: { digest: string }[] }).layers[0]?.digest ?? ""
    const named = (text: string): string =>
      withoutTimes(text.replaceAll(layer, "LAYER").replaceAll(digest, "SIGNATURE")).replaceAll(
        /(LAYER|SIGNATURE)","size":\d+/g,
        "$1",
      )
    return { list: named(list), manifest: named(manifest), envelope: readable(one, await read("blobs", layer)) }
  }

  async function inRegistry(
    { address }: InteropRegistry,
    one: (typeof cases)[number],
    tool: NotationTool,
    content: string,
  ): Promise<Written> {
    const repository = `bytes/${sequence++}`
    const { digest } = await putImage(address, repository, content)
    const api = address === withApi.address ? ["--force-referrers-tag=false"] : []
    const reference = `${address}/${repository}@${digest}`
    expectCode(await tools.run(tool, ["sign", "--insecure-registry", ...api, ...flags(one), reference]), 0)
    const get = async (path: string): Promise<Buffer> => {
      const answer = await fetch(`http://${address}/v2/${repository}/${path}`, { headers: { accept: OCI_TYPES } })
      return Buffer.from(await answer.arrayBuffer())
    }
    const list = api.length > 0 ? `referrers/${digest}` : `manifests/${digest.replace(":", "-")}`
    return written(one, (await get(list)).toString(), (what, which) => get(`${what}/${which}`))
  }

  async function inLayout(one: (typeof cases)[number], tool: NotationTool, content: string): Promise<Written> {
    const layout = `layout-${sequence++}`
    const digest = writeLayout(join(folder, layout), content)
    expectCode(await tools.run(tool, ["sign", "--oci-layout", ...flags(one), `${layout}@${digest}`]), 0)
    const read = (_what: string, which: string): Promise<Buffer> =>
      Promise.resolve(readFileSync(join(folder, layout, "blobs", which.replace(":", "/"))))
    // The index of a layout is everybody's, in any order: only the entry is the signature's.
    const { manifests } = JSON.parse(readFileSync(join(folder, layout, "index.json"), "utf8")) as Signed
    const entries = manifests.filter((entry) => entry.digest !== digest)
    // DEVIATION: ours tell the type there as referrers are listed; the first line leaves it out when the config tells it.
    const listed =
      lineOf(tool) === "notation2" ? entries : entries.map((entry) => ({ ...entry, artifactType: undefined }))
    return written(one, JSON.stringify({ manifests: listed }), read)
  }

  it.each(cases.flatMap((one) => pairs.map(([real, ours]) => ({ ...one, real, ours }))))(
    "$real: $format, $key, $options",
    async ({ real, ours, ...one }) => {
      const content = `content ${one.options}`
      for (const place of [withTags, withApi]) {
        const [theirs, mine] = await Promise.all([
          inRegistry(place, one, real, content),
          inRegistry(place, one, ours, content),
        ])
        expect(theirs.manifest).toContain("TIME")
        expect(mine).toEqual(theirs)
      }
      const [theirs, mine] = await Promise.all([inLayout(one, real, content), inLayout(one, ours, content)])
      expect(mine).toEqual(theirs)
    },
  )

  it.each(cases)("notation2, blob: $format, $key, $options", async (one) => {
    const [theirs, mine] = await Promise.all(
      (["notation2", "our notation2"] as const).map(async (tool) => {
        const place = `blobs-${sequence++}`
        mkdirSync(join(folder, place))
        writeFileSync(join(folder, place, "file.txt"), "content")
        expectCode(await tools.run(tool, ["blob", "sign", ...flags(one), join(place, "file.txt")]), 0)
        const path = join(folder, place, `file.txt.${one.format}.sig`)
        return { envelope: readable(one, readFileSync(path)), mode: statSync(path).mode & 0o777 }
      }),
    )
    expect(mine).toEqual(theirs)
  })
})
