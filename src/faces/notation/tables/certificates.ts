/** Commands of the face and their help, whose words are notation's own. */
import { atLeastOne, cleanupArguments, deleteArguments, showArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const certificatesCommands: readonly FaceCommand[] = [
  {
    path: ["certificate", "add"],
    summary: "Add certificates to the trust store.",
    description: `Add certificates to the trust store

Example - Add a certificate to the "ca" type of a named store "acme-rockets":
  notation cert add --type ca --store acme-rockets acme-rockets.crt

Example - Add a certificate to the "signingAuthority" type of a named store "wabbit-networks":
  notation cert add --type signingAuthority --store wabbit-networks wabbit-networks.pem

Example - Add a certificate to the "tsa" type of a named store "timestamp":
  notation cert add --type tsa --store timestamp wabbit-networks-timestamp.pem`,
    use: "--type <type> --store <name> [flags] <cert_path>...",
    args: atLeastOne("missing certificate path"),
    required: ["store", "type"],
    complete: "file",
    load: async () => (await import("../commands/cert-add.ts")).certAdd,
  },
  {
    path: ["certificate", "cleanup-test"],
    only: "notation2",
    summary:
      'Clean up a test RSA key and its corresponding certificate that were generated using the "generate-test" command.',
    description: `Clean up a test RSA key and its corresponding certificate that were generated using the "generate-test" command.

Example - Clean up a test key and corresponding certificate named "wabbit-networks.io":
  notation cert cleanup-test wabbit-networks.io`,
    use: "[flags] <common_name>",
    args: cleanupArguments,
    load: async () => (await import("../commands/cert-cleanup-test.ts")).certCleanupTest,
  },
  {
    path: ["certificate", "delete"],
    summary: "Delete certificates from the trust store.",
    description: `Delete certificates from the trust store

Example - Delete all certificates with "ca" type from the trust store "acme-rockets":
  notation cert delete --type ca --store acme-rockets --all

Example - Delete certificate "cert1.pem" with "signingAuthority" type from trust store wabbit-networks:
  notation cert delete --type signingAuthority --store wabbit-networks cert1.pem

Example - Delete all certificates with "ca" type from the trust store "acme-rockets", without prompt for confirmation:
  notation cert delete --type ca --store acme-rockets -y --all 

Example - Delete certificate "wabbit-networks-timestamp.pem" with "tsa" type from trust store timestamp:
  notation cert delete --type tsa --store timestamp wabbit-networks-timestamp.pem -y`,
    use: "--type <type> --store <name> [flags] (--all | <cert_fileName>)",
    args: deleteArguments,
    required: ["store", "type"],
    load: async () => (await import("../commands/cert-delete.ts")).certDelete,
  },
  {
    path: ["certificate", "generate-test"],
    summary: "Generate a test RSA key and a corresponding self-signed certificate.",
    description: `Generate a test RSA key and a corresponding self-signed certificate

Example - Generate a test RSA key and a corresponding self-signed certificate named "wabbit-networks.io":
  notation cert generate-test "wabbit-networks.io"

Example - Generate a test RSA key and a corresponding self-signed certificate, set RSA key as a default signing key:
  notation cert generate-test --default "wabbit-networks.io"`,
    use: "[flags] <common_name>",
    args: atLeastOne("missing certificate common_name"),
    load: async () => (await import("../commands/cert-generate-test.ts")).certGenerateTest,
  },
  {
    path: ["certificate", "list"],
    aliases: ["ls"],
    summary: "List certificates in the trust store.",
    description: `List certificates in the trust store

Example - List all certificate files stored in the trust store
  notation cert ls

Example - List all certificate files of trust store "acme-rockets"
  notation cert ls --store "acme-rockets"

Example - List all certificate files from trust store of type "ca"
  notation cert ls --type ca

Example - List all certificate files from trust store "wabbit-networks" of type "signingAuthority"
  notation cert ls --type signingAuthority --store "wabbit-networks"

Example - List all certificate files from trust store of type "tsa"
  notation cert ls --type tsa`,
    use: "[flags]",
    load: async () => (await import("../commands/cert-list.ts")).certList,
  },
  {
    path: ["certificate", "show"],
    summary:
      "Show certificate details given trust store type, named store, and certificate file name. If the certificate file contains multiple certificates, then all certificates are displayed.",
    description: `Show certificate details of given trust store name, trust store type, and certificate file name. If the certificate file contains multiple certificates, then all certificates are displayed

Example - Show details of certificate "cert1.pem" with type "ca" from trust store "acme-rockets":
  notation cert show --type ca --store acme-rockets cert1.pem

Example - Show details of certificate "cert2.pem" with type "signingAuthority" from trust store "wabbit-networks":
  notation cert show --type signingAuthority --store wabbit-networks cert2.pem

Example - Show details of certificate "wabbit-networks-timestamp.pem" with type "tsa" from trust store "timestamp":
  notation cert show --type tsa --store timestamp wabbit-networks-timestamp.pem`,
    use: "--type <type> --store <name> [flags] <cert_fileName>",
    args: showArguments,
    required: ["store", "type"],
    load: async () => (await import("../commands/cert-show.ts")).certShow,
  },
]
