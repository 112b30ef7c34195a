import { describe, expect, it } from "vitest"
import { asToolError } from "../core/errors.ts"
import type { AppContext } from "./requests.ts"
import { sigstoreRequest, type SigstoreChoice } from "./sigstore-request.ts"

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
