/** What a TUF repository must not get away with, as changes to one that was fine. */
import type { ErrorCode } from "../../src/core/error-catalogue.ts"
import type { JsonObject, JsonValue } from "../../src/core/json-value.ts"
import type { SigningKey } from "../../src/core/ports.ts"
import { signTuf, tufKey, tufKeyId, type TopRole } from "../../src/servers/sandbox/tuf/build-repository.ts"
import { DAY, newKey, NOW, type TestMirror, textTarget, TRUSTED_ROOT } from "./tuf-mirror.ts"

/** One change that clients must refuse. */
export interface Attack {
  /** Of the advisory, or the rule's name. */
  readonly id: string
  readonly name: string
  /** What happens before, as it should; clients see it. */
  readonly before?: (mirror: TestMirror) => Promise<void>
  readonly run: (mirror: TestMirror) => Promise<void>
  readonly code: ErrorCode
  /** Why tuf-js does not refuse it. */
  readonly peerAccepts?: string
}

const roles: readonly TopRole[] = ["root", "timestamp", "snapshot", "targets"]
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Change the copy of a JSON document by path. */
function with_(object: JsonObject, path: readonly string[], value: JsonValue | undefined): JsonObject {
  const [first = "", ...rest] = path
  const copy = { ...object } as Record<string, JsonValue>
  if (rest.length > 0) copy[first] = with_((copy[first] ?? {}) as JsonObject, rest, value)
  else if (value === undefined) return Object.fromEntries(Object.entries(copy).filter(([key]) => key !== first))
  else copy[first] = value
  return copy
}

const thresholds: readonly [string, JsonValue | undefined][] = [
  ["0", 0],
  ["-1", -1],
  ["1.5", "1.5 as a number"],
  ['"1"', "1"],
  ["missing", undefined],
  ["2^53", 2 ** 53],
  ["null", null],
]

/** A fraction cannot be signed in canonical form; it is put into the text afterwards. */
async function thresholdAttack(mirror: TestMirror, value: JsonValue | undefined): Promise<void> {
  const unsignable = value === "1.5 as a number" || value === 2 ** 53
  await mirror.forgeNew("root", (signed) => with_(signed, ["roles", "timestamp", "threshold"], unsignable ? 77 : value))
  if (!unsignable) return
  const digits = value === 2 ** 53 ? `: ${2 ** 53}` : ": 1.5"
  await mirror.replace("root", text(new TextDecoder().decode(mirror.file("root.json")).replace(": 77", digits)))
}

function delegationsWith(role: Record<string, JsonValue>): (signed: JsonObject) => JsonObject {
  const whole = { name: "more", keyids: [], threshold: 1, terminating: false, paths: ["*"], ...role }
  return (signed) => ({ ...signed, delegations: { keys: {}, roles: [whole] } })
}

function targetWith(change: Record<string, JsonValue | undefined>): (signed: JsonObject) => JsonObject {
  const whole: Record<string, JsonValue | undefined> = {
    length: TRUSTED_ROOT.length,
    hashes: { sha256: "0".repeat(64) },
    ...change,
  }
  const entry = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return (signed) => ({ ...signed, targets: { "trusted_root.json": entry as JsonObject } })
}

/** A root that names one key under several ids. */
async function oneKeyManyIds(mirror: TestMirror, role: "root" | "snapshot"): Promise<void> {
  const key = mirror.input.keys[role][0]!
  const ids = [tufKeyId(key.publicKey), "a".repeat(64), "b".repeat(64)]
  await mirror.publish({ versions: { ...mirror.input.versions, root: 2 } })
  await mirror.forge("root", (signed) => {
    const keys = Object.fromEntries(ids.map((id) => [id, tufKey(key.publicKey)]))
    const listed = with_(signed, ["roles", role], { keyids: ids, threshold: 2 })
    return with_(listed, ["keys"], { ...(signed["keys"] as JsonObject), ...keys })
  })
  if (role === "root") await signedUnderIds(mirror, "root", key, ids)
  else {
    await mirror.bump("snapshot", "timestamp")
    // The root of before the bump must stay as forged.
    await oneKeyManyIdsRoot(mirror, key, ids)
    await signedUnderIds(mirror, "snapshot", key, ids)
  }
}

async function oneKeyManyIdsRoot(mirror: TestMirror, key: SigningKey, ids: readonly string[]): Promise<void> {
  await mirror.forge("root", (signed) => {
    const keys = Object.fromEntries(ids.map((id) => [id, tufKey(key.publicKey)]))
    const listed = with_(signed, ["roles", "snapshot"], { keyids: ids, threshold: 2 })
    return with_(listed, ["keys"], { ...(signed["keys"] as JsonObject), ...keys })
  })
}

/** Sign a role's file once for each id, all by one key. */
async function signedUnderIds(
  mirror: TestMirror,
  role: TopRole,
  key: SigningKey,
  ids: readonly string[],
): Promise<void> {
  const { signed } = JSON.parse(new TextDecoder().decode(mirror.file(`${role}.json`))) as { signed: JsonObject }
  const signatures = await Promise.all(
    ids.map(async (keyid) => {
      const file = JSON.parse(new TextDecoder().decode(await signTuf(signed, [key]))) as {
        signatures: [{ sig: string }]
      }
      return { keyid, sig: file.signatures[0].sig }
    }),
  )
  await mirror.replace(role, text(JSON.stringify({ signatures, signed })))
}

/** Change the signatures of a file. */
async function resign(
  mirror: TestMirror,
  role: TopRole,
  change: (signatures: readonly JsonObject[], signed: JsonObject) => readonly JsonObject[],
): Promise<void> {
  await mirror.bumpFor(role)
  const file = JSON.parse(new TextDecoder().decode(mirror.file(`${role}.json`))) as {
    signatures: JsonObject[]
    signed: JsonObject
  }
  await mirror.replace(
    role,
    text(JSON.stringify({ signed: file.signed, signatures: change(file.signatures, file.signed) })),
  )
}

async function badKey(mirror: TestMirror, change: (hex: string) => string): Promise<void> {
  const key = await newKey("ed25519")
  await mirror.publish({
    versions: { ...mirror.input.versions, root: 2, timestamp: 2 },
    keys: { ...mirror.input.keys, timestamp: [key] },
  })
  await mirror.forge("root", (signed) => {
    const id = tufKeyId(key.publicKey)
    const keyval = (tufKey(key.publicKey)["keyval"] as JsonObject)["public"] as string
    return with_(signed, ["keys", id, "keyval"], { public: change(keyval) })
  })
}

/** Every attack, each on a repository that clients have seen at version 1. */
export const attacks: readonly Attack[] = [
  ...(["root", "snapshot"] as const).map((role): Attack => ({
    id: "go-tuf #733",
    name: `one key under three ids does not meet a threshold of two: ${role}`,
    run: (mirror) => oneKeyManyIds(mirror, role),
    code: "E_TRUST_MALFORMED",
    peerAccepts: "tuf-js counts key ids",
  })),
  ...thresholds.map(([name, value]): Attack => ({
    id: "GHSA-fphv-w9fq-2525",
    name: `a threshold of ${name} in the root`,
    run: (mirror) => thresholdAttack(mirror, value),
    code: "E_TRUST_MALFORMED",
  })),
  ...([0, -1, "1", null, undefined] as const).map((value): Attack => ({
    id: "GHSA-fphv-w9fq-2525",
    name: `a threshold of ${JSON.stringify(value)} for a delegation`,
    run: (mirror) =>
      mirror.forgeNew("targets", (signed) => {
        const changed = delegationsWith({ threshold: value ?? null })(signed)
        if (value !== undefined) return changed
        const roles = ((changed["delegations"] as JsonObject)["roles"] as JsonObject[]).map((role) =>
          with_(role, ["threshold"], undefined),
        )
        return with_(changed, ["delegations", "roles"], roles)
      }),
    code: "E_TRUST_MALFORMED",
  })),
  ...roles.flatMap((role): Attack[] =>
    ([null, [], "signed", {}, { _type: 1 }, { _type: "other" }] as const).map((signed) => ({
      id: "GHSA-846p-jg2w-w324",
      name: `${role}: signed is ${JSON.stringify(signed)}`,
      run: (mirror) =>
        mirror.forgeNew(role, (before) =>
          signed !== null && typeof signed === "object" && "_type" in signed ? { ...before, ...signed } : signed,
        ),
      code: "E_TRUST_MALFORMED",
    })),
  ),
  ...roles.flatMap((role): Attack[] =>
    [
      "null",
      "",
      "<html><body>sign in</body></html>",
      "[]",
      '{"signed":{}}',
      '{"signed":{},"signed":{},"signatures":[]}',
    ].map((body) => ({
      id: body === "null" ? "go-tuf #749" : "GHSA-846p-jg2w-w324",
      name: `${role}: the body is ${JSON.stringify(body)}`,
      run: async (mirror) => {
        await mirror.bumpFor(role)
        await mirror.replace(role, text(body))
      },
      code: "E_TRUST_MALFORMED",
    })),
  ),
  ...["timestamp", "root", "snapshot", "targets"].map((name): Attack => ({
    id: "GHSA-wjw6-2cqr-j4qr",
    name: `a delegated role of the name ${name}`,
    run: (mirror) => mirror.forgeNew("targets", delegationsWith({ name })),
    code: "E_TRUST_MALFORMED",
  })),
  {
    id: "GHSA-66x3-6cw3-v5gj",
    name: "an older timestamp, properly signed",
    before: (mirror) => {
      mirror.files.set("saved", mirror.file("timestamp.json"))
      return mirror.bump("targets", "snapshot", "timestamp")
    },
    run: (mirror) => {
      mirror.files.set("timestamp.json", mirror.file("saved"))
      return Promise.resolve()
    },
    code: "E_TRUST_ROLLBACK",
  },
  {
    id: "GHSA-66x3-6cw3-v5gj",
    name: "a new timestamp that lists an older snapshot",
    before: (mirror) => mirror.bump("targets", "snapshot", "timestamp"),
    run: async (mirror) => {
      await mirror.bump("timestamp")
      await mirror.publish({ versions: { ...mirror.input.versions, snapshot: 1 } })
    },
    code: "E_TRUST_ROLLBACK",
  },
  {
    id: "GHSA-66x3-6cw3-v5gj",
    name: "a new snapshot that lists older targets",
    before: (mirror) => mirror.bump("targets", "snapshot", "timestamp"),
    run: async (mirror) => {
      await mirror.bump("snapshot", "timestamp")
      await mirror.publish({ versions: { ...mirror.input.versions, targets: 1 } })
    },
    code: "E_TRUST_ROLLBACK",
  },
  {
    id: "GHSA-66x3-6cw3-v5gj",
    name: "a snapshot that no longer lists the targets",
    run: (mirror) => mirror.forgeNew("snapshot", (signed) => ({ ...signed, meta: { "other.json": { version: 1 } } })),
    code: "E_TRUST_MALFORMED",
  },
  ...(["snapshot", "targets"] as const).map((role): Attack => ({
    id: "GHSA-66x3-6cw3-v5gj",
    name: `${role} with other content and the same version`,
    run: async (mirror) => {
      await mirror.bump(...(role === "targets" ? (["snapshot", "timestamp"] as const) : (["timestamp"] as const)))
      await mirror.forge(role, (signed) => ({ ...signed, note: "other" }))
    },
    code: "E_TRUST_ROLLBACK",
    peerAccepts: "tuf-js compares versions alone",
  })),
  {
    id: "CVE-2020-15093",
    name: "the same signature twice",
    run: (mirror) => resign(mirror, "timestamp", ([first]) => [first!, first!]),
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "CVE-2020-15093",
    name: "two signatures with one key id, one of them good",
    run: (mirror) => resign(mirror, "timestamp", ([first]) => [{ ...first!, sig: "00" }, first!]),
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "CVE-2020-15093",
    name: "a key id twice in a role",
    run: (mirror) =>
      mirror.forgeNew("root", (signed) => {
        const ids = mirror.input.keys.timestamp.map(({ publicKey }) => tufKeyId(publicKey))
        return with_(signed, ["roles", "timestamp"], { keyids: [...ids, ...ids], threshold: 2 })
      }),
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "CVE-2020-6173",
    name: "ten thousand signatures",
    run: (mirror) =>
      resign(mirror, "targets", ([first]) =>
        Array.from({ length: 10_000 }, (_, index) => ({ keyid: String(index), sig: first!["sig"]! })),
      ),
    code: "E_TRUST_MALFORMED",
  },
  ...(
    [
      ["hashes: {}", { hashes: {} }],
      ["no hashes", { hashes: undefined }],
      ["an unknown hash alone", { hashes: { md5: "0".repeat(32) } }],
      ["a hash that is too short", { hashes: { sha256: "00" } }],
      ["a hash that is no text", { hashes: { sha256: 1 } }],
      ["no length", { length: undefined }],
      ["a negative length", { length: -1 }],
      ["a length that is a text", { length: "5" }],
    ] as const
  ).map(([name, change]): Attack => ({
    id: "go-tuf #721",
    name: `a target with ${name}`,
    run: (mirror) => mirror.forgeNew("targets", targetWith(change)),
    code: "E_TRUST_MALFORMED",
    ...(name === "hashes: {}" ? { peerAccepts: "tuf-js checks the hashes that are there" } : {}),
  })),
  ...(
    [
      ["31 bytes", (hex: string) => hex.slice(2)],
      ["33 bytes", (hex: string) => `${hex}00`],
      ["0 bytes", () => ""],
      ["upper case", (hex: string) => hex.toUpperCase()],
      ["base64", (hex: string) => Buffer.from(hex, "hex").toString("base64")],
    ] as const
  ).map(([name, change]): Attack => ({
    id: "go-tuf #739",
    name: `an Ed25519 key of ${name}`,
    run: (mirror) => badKey(mirror, change),
    code: "E_TRUST_MALFORMED",
    ...(name === "upper case" ? { peerAccepts: "tuf-js reads hexadecimal of either case" } : {}),
  })),
  ...roles.map((role): Attack => ({
    id: "expiry",
    name: `${role} has expired`,
    run: async (mirror) => {
      await mirror.publish({ expires: { ...mirror.input.expires, [role]: NOW } })
      await mirror.bumpFor(role)
    },
    code: "E_TRUST_STALE",
  })),
  {
    id: "freeze",
    name: "nothing new until the timestamp expires",
    run: (mirror) => {
      mirror.now = NOW + 8 * DAY
      return Promise.resolve()
    },
    code: "E_TRUST_STALE",
  },
  {
    id: "wrong root",
    name: "a next root that the one before did not sign",
    run: async (mirror) => {
      await mirror.publish({ versions: { root: 2 }, keys: { ...mirror.input.keys, root: [await newKey()] } })
    },
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "wrong root",
    name: "a next root that skips a version",
    run: async (mirror) => {
      await mirror.publish({ versions: { root: 3 } })
      mirror.files.set("2.root.json", mirror.file("3.root.json"))
    },
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "wrong root",
    name: "a next root that is the one before",
    run: (mirror) => {
      mirror.files.set("2.root.json", mirror.file("1.root.json"))
      return Promise.resolve()
    },
    code: "E_TRUST_ROLLBACK",
  },
  ...(["timestamp", "snapshot", "targets"] as const).map((role): Attack => ({
    id: "wrong key",
    name: `${role} signed by a key that is not the role's`,
    run: async (mirror) => {
      await mirror.forgeNew(role, (signed) => ({ ...signed, note: "ours" }), [await newKey()])
    },
    code: "E_TRUST_MALFORMED",
  })),
  {
    id: "mix and match",
    name: "a snapshot of another moment",
    before: (mirror) => mirror.bump("targets", "snapshot", "timestamp"),
    run: async (mirror) => {
      const before = mirror.file("2.snapshot.json")
      // Longer, so that the one before is not cut off as too long.
      await mirror.forgeNew("snapshot", (signed) => ({ ...signed, note: "longer than the one before" }))
      mirror.put("snapshot", 3, before)
    },
    code: "E_TRUST_MALFORMED",
  },
  {
    id: "target",
    name: "a target with other content",
    run: async (mirror) => {
      await mirror.bump("targets", "snapshot", "timestamp")
      await mirror.publish({ targets: [textTarget("trusted_root.json", `${TRUSTED_ROOT}  `)] })
      for (const path of mirror.files.keys()) {
        if (!path.startsWith("targets/") || !path.includes("trusted_root")) continue
        mirror.files.set(path, text(`${TRUSTED_ROOT}\t\t`))
      }
    },
    code: "E_TRUST_MALFORMED",
  },
]
