import { listAttached } from "../../../app/list.ts"
import { printable } from "../../../core/printable.ts"
import type { AttachedItem } from "../../../app/requests.ts"
import { signatureRepository } from "../environment.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { fullName, imageTarget } from "../targets.ts"
import { whereSignaturesLie } from "./triangulate.ts"

/** Heading of what lies under a tag with that ending, in the order they are printed. */
const TAGS: readonly (readonly [ending: string, heading: string])[] = [
  [".att", "💾 Attestations for an image tag"],
  [".sbom", "📦 SBOMs for an image tag"],
  [".sig", "🔐 Signatures for an image tag"],
]

/** `cosign tree IMAGE`. DEVIATION: cosign's order is random; ours is by kind, then as stored. */
export const tree: FaceHandler = async (invocation) => {
  const { flags, args, world, generation } = invocation
  const target = imageTarget(args[0] ?? "")
  const name = fullName(target.reference)
  await world.stdout.write(`📦 Supply Chain Security Related artifacts for an image: ${name}\n`)
  const app = await invocation.open()
  const prefix = flags.string("attachment-tag-prefix")
  const list = await listAttached(app, {
    target,
    ...signatureRepository(world),
    ...(prefix === "" ? {} : { tagPrefix: prefix }),
    decode: false,
  })
  await reportFailures(invocation, list.items, list.stores)
  const repository = whereSignaturesLie(invocation, target)
  // COMPAT(cosign 2.5): knows no referrers.
  const referrers = generation.signingConfig ? list.items.filter(isReferrer) : []
  const groups = [...tagGroups(list.items, repository), ...referrerGroups(referrers, repository)]
  if (groups.length === 0) {
    await world.stdout.write(generation.nothingAttached(name))
    return 0
  }
  await world.stdout.write(groups.map(groupText).join(""))
  return 0
}

/** A heading and the digests beneath it. */
interface Group {
  readonly heading: string
  readonly digests: readonly string[]
}

function isReferrer(item: AttachedItem): boolean {
  return item.location.store === "referrers-api" || item.location.store === "referrers-tag"
}

function tagGroups(items: readonly AttachedItem[], repository: string): readonly Group[] {
  return TAGS.flatMap(([ending, heading]) => {
    const found = items.filter((item) => !isReferrer(item) && item.location.reference.endsWith(ending))
    const [first] = found
    if (first === undefined) return []
    const digests = found.map((item) => item.descriptor.digest)
    return [{ heading: `${heading}: ${repository}:${first.location.reference}`, digests }]
  })
}

function referrerGroups(items: readonly AttachedItem[], repository: string): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const item of items) {
    const type = item.predicateType ?? item.artifactType ?? ""
    // COMPAT(cosign 3.1): referrers without an artifact type are left out.
    if (type === "") continue
    const { reference } = item.location
    const heading = `🔗 ${type} artifacts via OCI referrer: ${repository}@${reference}`
    const known = groups.get(reference)?.digests ?? []
    groups.set(reference, { heading, digests: [...known, item.descriptor.digest] })
  }
  return [...groups.values()].toSorted((a, b) => (a.heading < b.heading ? -1 : 1))
}

function groupText({ heading, digests }: Group): string {
  const lines = digests.map((digest, index) => `   ${index === digests.length - 1 ? "└──" : "├──"} 🍒 ${digest}\n`)
  return `└── ${printable(heading)}\n${lines.join("")}`
}

/** DEVIATION: cosign leaves out what it cannot read. */
async function reportFailures(
  invocation: FaceInvocation,
  items: readonly AttachedItem[],
  stores: Awaited<ReturnType<typeof listAttached>>["stores"],
): Promise<void> {
  const failures = [
    ...stores.flatMap((store) => (store.error === undefined ? [] : [`${store.store}: ${store.error.message}`])),
    ...items.flatMap((item) => (item.error === undefined ? [] : [`${item.location.reference}: ${item.error.message}`])),
  ]
  for (const failure of new Set(failures)) await say(invocation, `WARNING: could not read ${failure}`)
}
