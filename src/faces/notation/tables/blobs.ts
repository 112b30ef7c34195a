/** Commands of the face and their help, whose words are notation's own. */
import { atLeastOne, blobMissing, blobSignArguments } from "../arguments.ts"
import { blobSignFlags, blobVerifyFlags } from "../early-checks.ts"
import type { FaceCommand } from "../face-command.ts"

export const blobsCommands: readonly FaceCommand[] = [
  {
    path: ["blob", "inspect"],
    only: "notation2",
    summary: "Inspect a signature associated with a blob",
    description: `Inspect a signature associated with a blob.

Example - Inspect a signature:
  notation blob inspect blob.cose.sig

Example - Inspect a signature and output as JSON:
  notation blob inspect -o json blob.cose.sig`,
    use: "[flags] <signature_path>",
    args: atLeastOne(blobMissing("signature path", "inspect")),
    complete: "file",
    load: async () => (await import("../commands/blob-inspect.ts")).blobInspect,
  },
  {
    path: ["blob", "sign"],
    only: "notation2",
    summary: "Produce a detached signature for a given blob",
    description: `Produce a detached signature for a given blob.

By default, the signature file will be written to the same directory as the blob with file name "{blob file name}.{signature format}.sig".

Note: a signing key must be specified. This can be done temporarily by specifying a key ID, or a new key can be configured using the command "notation key add"

Example - Sign a blob artifact using the default signing key, with the default JWS envelope, and store the signature at current directory:
  notation blob sign <blob_path>

Example - Sign a blob artifact by generating the signature in a particular directory: 
  notation blob sign --signature-directory <signature_directory_path> <blob_path>

Example - Sign a blob artifact and skip user confirmations when overwriting existing signature:
  notation blob sign --force <blob_path> 

Example - Sign a blob artifact using the default signing key, with the COSE envelope:
  notation blob sign --signature-format cose <blob_path>

Example - Sign a blob artifact with a specified plugin and signing key stored in KMS: 
  notation blob sign --plugin <plugin_name> --id <remote_key_id> <blob_path>

Example - Sign a blob artifact and add a user metadata to payload: 
  notation blob sign --user-metadata <metadata> <blob_path>

Example - Sign a blob artifact using a specified media type: 
  notation blob sign --media-type <media type> <blob_path>

Example - Sign a blob artifact using a specified key: 
  notation blob sign --key <key_name> <blob_path>

Example - Sign a blob artifact and specify the signature expiry duration, for example 24 hours: 
  notation blob sign --expiry 24h <blob_path>

Example - Sign a blob artifact with timestamping:
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
    summary: "Verify a signature associated with a blob",
    description: `Verify a signature associated with a blob.

Prerequisite: added a certificate into trust store and created a trust policy.

Example - Verify a signature on a blob artifact:
  notation blob verify --signature <signature_path> <blob_path>

Example - Verify the signature on a blob artifact with user metadata:
  notation blob verify --user-metadata <metadata> --signature <signature_path> <blob_path>

Example - Verify the signature on a blob artifact with media type:
  notation blob verify --media-type <media_type> --signature <signature_path> <blob_path>
 
Example - Verify the signature on a blob artifact using a policy statement name:
  notation blob verify --policy-name <policy_name> --signature <signature_path> <blob_path>`,
    use: "[flags] --signature <signature_path> <blob_path>",
    args: atLeastOne(blobMissing("path to the blob artifact", "verify")),
    early: blobVerifyFlags,
    required: ["signature"],
    complete: "file",
    load: async () => (await import("../commands/blob-verify.ts")).blobVerify,
  },
]
