import type { GroupSpec } from "../../command.ts"
import type { GenerationName } from "../face-flag.ts"

/** Words that several commands of the face begin with. */
export const trustGroups: readonly (GroupSpec & { readonly only?: GenerationName })[] = [
  {
    path: ["bundle"],
    summary: "Interact with a Sigstore protobuf bundle",
    description: "Tools for interacting with a Sigstore protobuf bundle",
  },
  {
    path: ["signing-config"],
    summary: "Interact with a Sigstore protobuf signing config",
    description: "Tool for interacting with a Sigstore protobuf signing config",
    only: "cosign3",
  },
  {
    path: ["trusted-root"],
    summary: "Interact with a Sigstore protobuf trusted root",
    description: "Tools for interacting with a Sigstore protobuf trusted root",
  },
]
