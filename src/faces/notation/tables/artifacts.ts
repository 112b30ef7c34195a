/** Commands of the face and their help, whose words are notation's own. */
import { atLeastOne, referenceMissing } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const artifactsCommands: readonly FaceCommand[] = [
  {
    path: ["sign"],
    summary: "Sign artifacts",
    description: `Sign artifacts

Note: a signing key must be specified. This can be done temporarily by specifying a key ID, or a new key can be configured using the command "notation key add"

Example - Sign an OCI artifact using the default signing key, with the default JWS envelope, and use OCI image manifest to store the signature:
  notation sign <registry>/<repository>@<digest>

Example - Sign an OCI artifact using the default signing key, with the COSE envelope:
  notation sign --signature-format cose <registry>/<repository>@<digest> 

Example - Sign an OCI artifact with a specified plugin and signing key stored in KMS 
  notation sign --plugin <plugin_name> --id <remote_key_id> <registry>/<repository>@<digest>

Example - Sign an OCI artifact using a specified key
  notation sign --key <key_name> <registry>/<repository>@<digest>

Example - Sign an OCI artifact identified by a tag (Notation will resolve tag to digest)
  notation sign <registry>/<repository>:<tag>

Example - Sign an OCI artifact stored in a registry and specify the signature expiry duration, for example 24 hours
  notation sign --expiry 24h <registry>/<repository>@<digest>

Example - Sign an OCI artifact and store signature using the Referrers API. If it's not supported, fallback to the Referrers tag schema
  notation sign --force-referrers-tag=false <registry>/<repository>@<digest>

Example - Sign an OCI artifact with timestamping:
  notation sign --timestamp-url <TSA_url> --timestamp-root-cert <TSA_root_certificate_filepath> <registry>/<repository>@<digest>`,
    experimental: ` 

Example - [Experimental] Sign an OCI artifact referenced in an OCI layout
  notation sign --oci-layout "<oci_layout_path>@<digest>"

Example - [Experimental] Sign an OCI artifact identified by a tag and referenced in an OCI layout
  notation sign --oci-layout "<oci_layout_path>:<tag>"`,
    use: "[flags] <reference>",
    args: atLeastOne(referenceMissing("sign")),
    together: [
      ["id", "plugin"],
      ["timestamp-url", "timestamp-root-cert"],
    ],
    exclusive: [
      ["key", "id"],
      ["key", "plugin"],
      ["oci-layout", "force-referrers-tag", "allow-referrers-api"],
    ],
    load: async () => (await import("../commands/sign.ts")).sign,
  },
  {
    path: ["verify"],
    summary: "Verify OCI artifacts",
    description: `Verify OCI artifacts

Prerequisite: added a certificate into trust store and created a trust policy.

Example - Verify a signature on an OCI artifact identified by a digest:
  notation verify <registry>/<repository>@<digest>

Example - Verify a signature on an OCI artifact identified by a tag  (Notation will resolve tag to digest):
  notation verify <registry>/<repository>:<tag>`,
    experimental: `

Example - [Experimental] Verify a signature on an OCI artifact referenced in an OCI layout using trust policy statement specified by scope.
  notation verify --oci-layout <registry>/<repository>@<digest> --scope <trust_policy_scope>

Example - [Experimental] Verify a signature on an OCI artifact identified by a tag and referenced in an OCI layout using trust policy statement specified by scope.
  notation verify --oci-layout <registry>/<repository>:<tag> --scope <trust_policy_scope>`,
    use: "[reference] [flags]",
    args: atLeastOne(referenceMissing("verify")),
    together: [["oci-layout", "scope"]],
    load: async () => (await import("../commands/verify.ts")).verify,
  },
  {
    path: ["list"],
    aliases: ["ls"],
    summary: "List signatures of the signed artifact",
    description: `List all the signatures associated with signed artifact

Example - List signatures of an OCI artifact:
  notation list <registry>/<repository>@<digest>

Example - List signatures of an OCI artifact identified by a tag (Notation will resolve tag to digest)
  notation list <registry>/<repository>:<tag>`,
    experimental: `

Example - [Experimental] List signatures of an OCI artifact referenced in an OCI layout
  notation list --oci-layout "<oci_layout_path>@<digest>"

Example - [Experimental] List signatures of an OCI artifact identified by a tag and referenced in an OCI layout
  notation list --oci-layout "<oci_layout_path>:<tag>"`,
    use: "[flags] <reference>",
    args: atLeastOne(referenceMissing("list")),
    load: async () => (await import("../commands/list.ts")).list,
  },
  {
    path: ["inspect"],
    summary: "Inspect all signatures associated with the signed artifact",
    description: `Inspect all signatures associated with the signed artifact.

Example - Inspect signatures on an OCI artifact identified by a digest:
  notation inspect <registry>/<repository>@<digest>

Example - Inspect signatures on an OCI artifact identified by a tag  (Notation will resolve tag to digest):
  notation inspect <registry>/<repository>:<tag>

Example - Inspect signatures on an OCI artifact identified by a digest and output as json:
  notation inspect --output json <registry>/<repository>@<digest>`,
    use: "[reference] [flags]",
    args: atLeastOne(referenceMissing("inspect")),
    load: async () => (await import("../commands/inspect.ts")).inspect,
  },
  {
    path: ["login"],
    summary: "Login to registry",
    description: `Log in to an OCI registry

Example - Login with provided username and password:
	notation login -u <user> -p <password> registry.example.com

Example - Login using $NOTATION_USERNAME $NOTATION_PASSWORD variables:
	notation login registry.example.com`,
    use: "[flags] <server>",
    args: atLeastOne("no hostname specified"),
    load: async () => (await import("../commands/login.ts")).login,
  },
  {
    path: ["logout"],
    summary: "Log out from the logged in registries",
    use: "[flags] <server>",
    args: atLeastOne("no hostname specified"),
    load: async () => (await import("../commands/logout.ts")).logout,
  },
]
