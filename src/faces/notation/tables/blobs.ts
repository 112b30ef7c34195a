/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { atLeastOne, blobMissing, blobSignArguments } from "../arguments.ts"
import { blobSignFlags, blobVerifyFlags } from "../early-checks.ts"
import type { FaceCommand } from "../face-command.ts"

export const blobsCommands: readonly FaceCommand[] = [
  {
    path: ["blob", "inspect"],
    only: "notation2",
    summary: "Print what a signature file contains",
    description: `Prints attributes, certificates and timestamp of the signature in a file. Nothing is verified.

Example - as a tree:
  notation blob inspect blob.cose.sig

Example - as JSON:
  notation blob inspect -o json blob.cose.sig`,
    use: "[flags] <signature_path>",
    args: atLeastOne(blobMissing("signature path", "inspect")),
    complete: "file",
    load: async () => (await import("../commands/blob-inspect.ts")).blobInspect,
  },
  {
    path: ["blob", "sign"],
    only: "notation2",
    summary: "Sign a file",
    description: `Signs a file and writes the signature to a file beside it, named FILE.jws.sig or FILE.cose.sig.

The key is the default one of the key list, another one of it (--key), or one that a plugin holds (--plugin and --id). "notation key add" puts keys in the list.

Example - default key, JWS envelope:
  notation blob sign <blob_path>

Example - put the signature into another folder:
  notation blob sign --signature-directory <signature_directory_path> <blob_path>

Example - replace an older signature without a question:
  notation blob sign --force <blob_path>

Example - default key, COSE envelope:
  notation blob sign --signature-format cose <blob_path>

Example - a key that a plugin reaches, in a KMS for instance:
  notation blob sign --plugin <plugin_name> --id <remote_key_id> <blob_path>

Example - sign metadata along with the file:
  notation blob sign --user-metadata <metadata> <blob_path>

Example - say what kind of file it is:
  notation blob sign --media-type <media type> <blob_path>

Example - a key by its name in the list:
  notation blob sign --key <key_name> <blob_path>

Example - a signature that expires after a day:
  notation blob sign --expiry 24h <blob_path>

Example - a signature with a timestamp:
  notation blob sign --timestamp-url <TSA_url> --timestamp-root-cert <TSA_root_certificate_filepath> <blob_path>`,
    use: "[flags] <blob_path>",
    args: blobSignArguments,
    early: blobSignFlags,
    together: [
      ["id", "plugin"],
      ["timestamp-url", "timestamp-root-cert"],
    ],
    exclusive: [
      ["key", "id"],
      ["key", "plugin"],
    ],
    complete: "file",
    load: async () => (await import("../commands/blob-sign.ts")).blobSign,
  },
  {
    path: ["blob", "verify"],
    only: "notation2",
    summary: "Check the signature of a file against the trust policy",
    description: `Checks the signature of a file by a statement of the blob trust policy: the one that --policy-name names, else the global one. Where verification fails, the reason is shown as well.

The policy comes from "notation blob policy import" or "notation blob policy init"; "notation cert add" fills the trust stores it names.

Example - by the global statement:
  notation blob verify --signature <signature_path> <blob_path>

Example - require signed metadata:
  notation blob verify --user-metadata <metadata> --signature <signature_path> <blob_path>

Example - require a media type:
  notation blob verify --media-type <media_type> --signature <signature_path> <blob_path>

Example - by a statement that is named:
  notation blob verify --policy-name <policy_name> --signature <signature_path> <blob_path>`,
    use: "[flags] --signature <signature_path> <blob_path>",
    args: atLeastOne(blobMissing("path to the blob artifact", "verify")),
    early: blobVerifyFlags,
    required: ["signature"],
    complete: "file",
    load: async () => (await import("../commands/blob-verify.ts")).blobVerify,
  },
]
