import { describe, expect, it } from "vitest"
import { asToolError } from "../core/errors.ts"
import type { AppContext } from "./requests.ts"
import { readTrustedRoot, sigstoreRequest, type SigstoreChoice } from "./sigstore-request.ts"

const app = {
  files: {
    read: () => {
      throw new Error("a file was read")
    },
  },
} as unknown as AppContext

const KEYS = { identities: [], keys: true, offline: true } as const

function code(choice: SigstoreChoice): Promise<string> {
  return sigstoreRequest(app, choice).then(
    () => "taken",
    (error: unknown) => asToolError(error).code,
  )
}

describe("sigstoreRequest", () => {
  const about: readonly (readonly [string, Partial<SigstoreChoice>])[] = [
    ["--sct require", { sct: "require" }],
    ["--sct ignore", { sct: "ignore" }],
    ["--ca-roots", { caRoots: "roots.pem" }],
    ["--ca-intermediates", { caIntermediates: "between.pem" }],
  ]
  it.each(about)(
    "adv: GHSA-52v5-jr5w-gjxr %s says nothing about keys and is refused, whatever must vouch for them",
    async (flag, given) => {
      const witnessed = [
        {},
        { log: "require" },
        { logThreshold: 2 },
        { timestamps: 1 },
        { logUrls: ["http://l"] },
      ] as const
      for (const asked of witnessed) expect(await code({ ...KEYS, ...asked, ...given })).toBe("E_USAGE")
      await expect(sigstoreRequest(app, { ...KEYS, log: "require", ...given })).rejects.toThrow(flag.split(" ")[0])
    },
  )

  it("takes for keys what logs and timestamps are checked against", async () => {
    expect(await code({ ...KEYS, log: "require", trustedRoot: "root.json" })).toBe("taken")
    expect(await code({ ...KEYS, timestamps: 1, trustedRoot: "root.json" })).toBe("taken")
    expect(await code({ ...KEYS, trustedRoot: "root.json" })).toBe("E_USAGE")
    expect(await code({ ...KEYS, log: "ignore", trustedRoot: "root.json" })).toBe("E_USAGE")
  })
})

describe("readTrustedRoot", () => {
  const mediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
  const text = (more: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ mediaType, ...more }))
  const read = (bytes: Uint8Array): ReturnType<typeof readTrustedRoot> =>
    readTrustedRoot({ read: () => Promise.resolve(bytes) }, "root.json")
  const bad = { certificateAuthorities: [{ uri: "https://one.example" }] }

  it("decodes the same bytes once", async () => {
    const root = await read(text({}))
    expect(await read(text({}))).toBe(root)
  })

  it.each([
    { name: "another file of this name", bytes: text(bad) },
    { name: "less of it", bytes: text({}).subarray(0, -1) },
    { name: "something behind it", bytes: new Uint8Array([...text({}), 0x7d]) },
    { name: "nothing", bytes: new Uint8Array(0) },
  ])("keeps nothing of what was read before: $name", async ({ bytes }) => {
    await read(text({}))
    await expect(read(bytes)).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
    await expect(read(bytes)).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
  })

  it("is not misled by bytes that change after they were read", async () => {
    const bytes = text({})
    const root = await read(bytes)
    bytes[0] = 0x20
    await expect(read(bytes)).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
    expect(await read(text({}))).toBe(root)
  })
})
