/** Delegations for tests of TUF clients. */
import type { JsonObject } from "../../src/core/json-value.ts"
import type { SigningKey } from "../../src/core/ports.ts"
import {
  lengthAndHashes,
  signTuf,
  tufHead,
  tufKey,
  tufKeyId,
  tufMeta,
} from "../../src/servers/sandbox/tuf/build-repository.ts"
import { DAY, NOW, type TestMirror } from "./tuf-mirror.ts"

/** Somebody who may sign for some targets. */
interface Delegate {
  readonly name: string
  readonly key: SigningKey
  readonly paths: readonly string[]
}

/** Metadata of a role. */
interface RoleInput {
  readonly name: string
  readonly key: SigningKey
  /** Lists this target, of four bytes. */
  readonly target?: string
  readonly children?: readonly Delegate[]
}

function delegations(children: readonly Delegate[]): JsonObject {
  const keys = children.map(({ key: { publicKey } }) => [tufKeyId(publicKey), tufKey(publicKey)] as const)
  const roles = children.map(({ name, key, paths }) => ({
    ...{ name, keyids: [tufKeyId(key.publicKey)], threshold: 1, terminating: false, paths },
  }))
  return { keys: Object.fromEntries(keys), roles }
}

/** Publish the next version of a repository whose targets are left to others. */
export async function delegate(
  mirror: TestMirror,
  { targets, roles }: { readonly targets: readonly Delegate[]; readonly roles: readonly RoleInput[] },
): Promise<void> {
  await mirror.forgeNew("targets", (signed) => ({ ...signed, delegations: delegations(targets) }))
  const files = await Promise.all(
    roles.map(async ({ name, key, target, children = [] }) => {
      const listed = target === undefined ? {} : { [target]: lengthAndHashes(new TextEncoder().encode("four")) }
      const more = children.length === 0 ? {} : { delegations: delegations(children) }
      const signed = { ...tufHead("targets", 1, NOW + DAY), targets: listed, ...more }
      return [name, await signTuf(signed, [key])] as const
    }),
  )
  for (const [name, bytes] of files) mirror.put(name, 1, bytes)
  const meta = Object.fromEntries(files.map(([name, bytes]) => [`${name}.json`, tufMeta(1, bytes)]))
  await mirror.forge("snapshot", (signed) => ({ ...signed, meta: { ...(signed["meta"] as JsonObject), ...meta } }))
}
