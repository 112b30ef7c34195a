/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { atLeastOne, referenceMissing } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const artifactsCommands: readonly FaceCommand[] = [
  {
    path: ["sign"],
    summary: "Sign an artifact in a registry",
    description: `Signs an artifact and stores the signature in the artifact's repository.

The key is the default one of the key list, another one of it (--key), or one that a plugin holds (--plugin and --id). "notation key add" puts keys in the list.

Example - default key, JWS envelope:
  notation sign <registry>/<repository>@<digest>

Example - default key, COSE envelope:
  notation sign --signature-format cose <registry>/<repository>@<digest>

Example - a key that a plugin reaches, in a KMS for instance:
  notation sign --plugin <plugin_name> --id <remote_key_id> <registry>/<repository>@<digest>

Example - a key by its name in the list:
  notation sign --key <key_name> <registry>/<repository>@<digest>

Example - an artifact named by a tag; the digest behind it is what gets signed:
  notation sign <registry>/<repository>:<tag>

Example - a signature that expires after a day:
  notation sign --expiry 24h <registry>/<repository>@<digest>

Example - rely on the referrers API, and write the referrers tag only where a registry lacks it:
  notation sign --force-referrers-tag=false <registry>/<repository>@<digest>

Example - a signature with a timestamp:
  notation sign --timestamp-url <TSA_url> --timestamp-root-cert <TSA_root_certificate_filepath> <registry>/<repository>@<digest>`,
    experimental: `

Example - [Experimental] an artifact in an OCI layout:
  notation sign --oci-layout "<oci_layout_path>@<digest>"

Example - [Experimental] an artifact in an OCI layout, named by a tag:
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
    summary: "Check an artifact's signatures against the trust policy",
    description: `Looks for a signature of the artifact that satisfies the trust policy; the first such signature is enough. Otherwise the error output says what is wrong with each.

A trust policy must have been imported, and the trust stores it names must hold certificates: see "notation policy import" and "notation cert add".

Example - an artifact named by its digest:
  notation verify <registry>/<repository>@<digest>

Example - an artifact named by a tag; the digest behind it is what counts:
  notation verify <registry>/<repository>:<tag>`,
    experimental: `

Example - [Experimental] an artifact in an OCI layout; the scope selects the statement of the policy:
  notation verify --oci-layout <registry>/<repository>@<digest> --scope <trust_policy_scope>

Example - [Experimental] an artifact in an OCI layout, named by a tag:
  notation verify --oci-layout <registry>/<repository>:<tag> --scope <trust_policy_scope>`,
    use: "[reference] [flags]",
    args: atLeastOne(referenceMissing("verify")),
    together: [["oci-layout", "scope"]],
    load: async () => (await import("../commands/verify.ts")).verify,
  },
  {
    path: ["list"],
    aliases: ["ls"],
    summary: "Print the digests of an artifact's signatures",
    description: `Prints the digest of each signature that is stored for an artifact. None is verified.

Example - an artifact named by its digest:
  notation list <registry>/<repository>@<digest>

Example - an artifact named by a tag:
  notation list <registry>/<repository>:<tag>`,
    experimental: `

Example - [Experimental] an artifact in an OCI layout:
  notation list --oci-layout "<oci_layout_path>@<digest>"

Example - [Experimental] an artifact in an OCI layout, named by a tag:
  notation list --oci-layout "<oci_layout_path>:<tag>"`,
    use: "[flags] <reference>",
    args: atLeastOne(referenceMissing("list")),
    load: async () => (await import("../commands/list.ts")).list,
  },
  {
    path: ["inspect"],
    summary: "Print what an artifact's signatures contain",
    description: `Prints attributes, certificates and timestamps of an artifact's signatures. None is verified: anybody may have written what is shown.

Example - an artifact named by its digest:
  notation inspect <registry>/<repository>@<digest>

Example - an artifact named by a tag:
  notation inspect <registry>/<repository>:<tag>

Example - as JSON:
  notation inspect --output json <registry>/<repository>@<digest>`,
    use: "[reference] [flags]",
    args: atLeastOne(referenceMissing("inspect")),
    load: async () => (await import("../commands/inspect.ts")).inspect,
  },
  {
    path: ["login"],
    summary: "Store credentials of a registry",
    description: `Tries credentials at a registry and gives them to a credential helper; without a helper nothing is stored. What is missing is asked for.

Example - credentials on the command line:
	notation login -u <user> -p <password> registry.example.com

Example - credentials in NOTATION_USERNAME and NOTATION_PASSWORD:
	notation login registry.example.com`,
    use: "[flags] <server>",
    args: atLeastOne("no hostname specified"),
    load: async () => (await import("../commands/login.ts")).login,
  },
  {
    path: ["logout"],
    summary: "Forget the credentials of a registry",
    use: "[flags] <server>",
    args: atLeastOne("no hostname specified"),
    load: async () => (await import("../commands/logout.ts")).logout,
  },
]
