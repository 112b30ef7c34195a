import type { CommandSpec } from "../../command.ts"
import { SIGNATURE_REPOSITORY_FLAG } from "./flags.ts"

const list: CommandSpec = {
  path: ["list"],
  aliases: ["ls"],
  summary: "list what is attached to an artifact",
  description:
    "Lists signatures, attestations and other attached documents of every format and place. Nothing is verified.",
  examples: [{ about: "what is attached, and where", line: "countersign list registry.example/app:1.0" }],
  flags: [SIGNATURE_REPOSITORY_FLAG],
  args: { min: 1, max: 1, usage: "ARTIFACT" },
  load: async () => (await import("../commands/list.ts")).list,
}

const tree: CommandSpec = {
  path: ["tree"],
  summary: "show what is attached to an artifact as a tree, by place",
  examples: [{ about: "places and what lies in them", line: "countersign tree registry.example/app:1.0" }],
  flags: [SIGNATURE_REPOSITORY_FLAG],
  args: { min: 1, max: 1, usage: "ARTIFACT" },
  load: async () => (await import("../commands/tree.ts")).tree,
}

const inspect: CommandSpec = {
  path: ["inspect"],
  summary: "decode what is attached to an artifact, or a bundle, without verifying it",
  description:
    "Prints the contents of every signature and attestation found, or of a bundle file. Anybody may have written them.",
  examples: [
    { about: "what the signatures claim", line: "countersign inspect registry.example/app:1.0" },
    { about: "the same for a program", line: "countersign inspect --output json registry.example/app:1.0" },
    {
      about: "what is in a bundle, and whether it names a file",
      line: "countersign inspect --bundle app.tar.gz.sigstore.json --blob app.tar.gz",
    },
  ],
  flags: [
    SIGNATURE_REPOSITORY_FLAG,
    { name: "bundle", type: "string", usage: "a Sigstore bundle instead of an artifact", placeholder: "FILE" },
    { name: "blob", type: "string", usage: "with --bundle: the file that it may be about", placeholder: "FILE" },
  ],
  args: { min: 0, max: 1, usage: "[ARTIFACT|FILE]" },
  load: async () => (await import("../commands/inspect.ts")).inspect,
}

const push: CommandSpec = {
  path: ["push"],
  summary: "push files as an artifact",
  description: "A file's media type follows it after a colon; without one it is application/octet-stream.",
  examples: [
    { about: "push a file", line: "countersign push registry.example/docs:1.0 README.md:text/markdown" },
    {
      about: "push files of a type of your own",
      line: "countersign push --artifact-type application/vnd.acme.config registry.example/config:1 app.yaml db.yaml",
    },
  ],
  flags: [
    {
      name: "artifact-type",
      type: "string",
      usage: "artifactType of the manifest (without it: application/vnd.unknown.artifact.v1)",
      placeholder: "TYPE",
    },
    {
      name: "annotation",
      short: "a",
      type: "stringArray",
      usage: "name=value on the manifest (not signed); may be repeated",
      placeholder: "NAME=VALUE",
    },
  ],
  args: { min: 2, usage: "ARTIFACT FILE[:MEDIA-TYPE]...", complete: "file" },
  load: async () => (await import("../commands/push.ts")).push,
}

const pull: CommandSpec = {
  path: ["pull"],
  summary: "pull the files of an artifact",
  examples: [{ about: "pull into a folder", line: "countersign pull --to config registry.example/config:1" }],
  flags: [
    { name: "to", type: "string", default: ".", usage: "folder for the files; it must exist", placeholder: "FOLDER" },
    { name: "overwrite", type: "bool", usage: "replace files that exist" },
  ],
  args: { min: 1, max: 1, usage: "ARTIFACT" },
  load: async () => (await import("../commands/pull.ts")).pull,
}

const tag: CommandSpec = {
  path: ["tag"],
  summary: "give an artifact more tags",
  examples: [{ about: "tag a release", line: "countersign tag registry.example/app@sha256:4f3c… 1.0 latest" }],
  flags: [],
  args: { min: 2, usage: "ARTIFACT TAG..." },
  load: async () => (await import("../commands/tag.ts")).tag,
}

/** What looks at artifacts and moves them. */
export const artifactCommands: readonly CommandSpec[] = [list, tree, inspect, push, pull, tag]
