import type { VersionFacts } from "../app/world.ts"

/** Facts written in by the build. */
declare global {
  var COUNTERSIGN_BUILD: { version: string; commit: string; treeState: string; date: string } | undefined
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" }

/** What this program is and runs on. */
export function versionFacts(): VersionFacts {
  const build = globalThis.COUNTERSIGN_BUILD
  const treeState = build?.treeState === "clean" || build?.treeState === "dirty" ? build.treeState : "unknown"
  const runtime =
    process.versions["bun"] === undefined ? `node ${process.versions.node}` : `bun ${process.versions["bun"]}`
  return {
    version: build?.version ?? "0.0.0-development",
    commit: build?.commit ?? "unknown",
    treeState,
    buildDate: build?.date ?? "unknown",
    runtime,
    platform: `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
  }
}
