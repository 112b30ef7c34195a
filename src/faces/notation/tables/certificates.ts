/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { atLeastOne, cleanupArguments, deleteArguments, showArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const certificatesCommands: readonly FaceCommand[] = [
  {
    path: ["certificate", "add"],
    summary: "Copy certificates into a trust store",
    description: `Copies certificate files into a trust store, which is made when it is not there. A file may be PEM or DER and hold several certificates.

Example - a certificate authority, into store "acme-rockets":
  notation cert add --type ca --store acme-rockets acme-rockets.crt

Example - a signing authority, into store "wabbit-networks":
  notation cert add --type signingAuthority --store wabbit-networks wabbit-networks.pem

Example - a timestamp authority, into store "timestamp":
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
    summary: 'Remove what "generate-test" made',
    description: `Removes what "notation cert generate-test" made: the key, its certificate, the copy in the trust store and the entry of the key list. What is gone already is passed over.

Example - for the name "wabbit-networks.io":
  notation cert cleanup-test wabbit-networks.io`,
    use: "[flags] <common_name>",
    args: cleanupArguments,
    load: async () => (await import("../commands/cert-cleanup-test.ts")).certCleanupTest,
  },
  {
    path: ["certificate", "delete"],
    summary: "Remove certificates from a trust store",
    description: `Removes one certificate file, or all of them, from a trust store.

Example - everything in store "acme-rockets" of type "ca":
  notation cert delete --type ca --store acme-rockets --all

Example - one file of store "wabbit-networks", type "signingAuthority":
  notation cert delete --type signingAuthority --store wabbit-networks cert1.pem

Example - everything in the store, with no question asked:
  notation cert delete --type ca --store acme-rockets -y --all

Example - one file of store "timestamp", type "tsa":
  notation cert delete --type tsa --store timestamp wabbit-networks-timestamp.pem -y`,
    use: "--type <type> --store <name> [flags] (--all | <cert_fileName>)",
    args: deleteArguments,
    required: ["store", "type"],
    load: async () => (await import("../commands/cert-delete.ts")).certDelete,
  },
  {
    path: ["certificate", "generate-test"],
    summary: "Make a key and a certificate for tests",
    description: `Makes an RSA key and a certificate for it that is good for one day, adds the key to the key list and the certificate to a trust store of type "ca" with the same name. For tests alone.

Example - for the name "wabbit-networks.io":
  notation cert generate-test "wabbit-networks.io"

Example - and sign with it from now on:
  notation cert generate-test --default "wabbit-networks.io"`,
    use: "[flags] <common_name>",
    args: atLeastOne("missing certificate common_name"),
    load: async () => (await import("../commands/cert-generate-test.ts")).certGenerateTest,
  },
  {
    path: ["certificate", "list"],
    aliases: ["ls"],
    summary: "Print the files in trust stores",
    description: `Prints the certificate files that lie in trust stores, all of them or those of a type or a store.

Example - in all stores:
  notation cert ls

Example - in stores named "acme-rockets":
  notation cert ls --store "acme-rockets"

Example - in stores of type "ca":
  notation cert ls --type ca

Example - in one store, by type and name:
  notation cert ls --type signingAuthority --store "wabbit-networks"

Example - in stores of type "tsa":
  notation cert ls --type tsa`,
    use: "[flags]",
    load: async () => (await import("../commands/cert-list.ts")).certList,
  },
  {
    path: ["certificate", "show"],
    summary: "Print the certificates of a file in a trust store",
    description: `Prints issuer, subject, validity and thumbprint of each certificate in a file of a trust store.

Example - a file of store "acme-rockets", type "ca":
  notation cert show --type ca --store acme-rockets cert1.pem

Example - a file of store "wabbit-networks", type "signingAuthority":
  notation cert show --type signingAuthority --store wabbit-networks cert2.pem

Example - a file of store "timestamp", type "tsa":
  notation cert show --type tsa --store timestamp wabbit-networks-timestamp.pem`,
    use: "--type <type> --store <name> [flags] <cert_fileName>",
    args: showArguments,
    required: ["store", "type"],
    load: async () => (await import("../commands/cert-show.ts")).certShow,
  },
]
