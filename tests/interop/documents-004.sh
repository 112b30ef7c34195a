#!/bin/sh
# A walkthrough of signing with notation, from packing to verifying, as its command lines stand there or follow from them.
# Host names are ours; `docker login` is left out, for the registry asks nobody's name.
#
# On PATH: notation, oras. REGISTRY_URL is host:port, NOTATION_CONFIG the configuration. Runs in an empty folder.
set -eux

# The text of a file has this line.
has() { grep -qxF -e "$2" "$1" || { cat "$1" >&2; exit 1; }; }
# A line of a file fits this pattern.
fits() { grep -qxE -e "$2" "$1" || { cat "$1" >&2; exit 1; }; }
# The command must fail.
refused() { if "$@" >refused.out 2>&1; then cat refused.out >&2; exit 1; fi; }

# --- An artifact

mkdir oci-artifacts
cat >oci-artifacts/pod.yaml <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: yoyo-pod
YAML
cat >oci-artifacts/kustomization.yaml <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- pod.yaml
YAML
tar -czf oci-artifacts.tar.gz oci-artifacts/
oras push $REGISTRY_URL/oci-artifacts:v1.0 oci-artifacts.tar.gz:application/vnd.oci.image.layer.v1.tar+gzip >out
DIGEST=$(sed -n 's/^Digest: //p' out)
IMAGE=$REGISTRY_URL/oci-artifacts@$DIGEST

# --- A certificate

notation cert generate-test "yoyo-duan.io" >out
has out 'generating RSA Key with 2048 bits'
fits out 'generated certificate expiring on [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z'
has out "wrote key: $NOTATION_CONFIG/localkeys/yoyo-duan.io.key"
has out "wrote certificate: $NOTATION_CONFIG/localkeys/yoyo-duan.io.crt"
has out 'Successfully added yoyo-duan.io.crt to named store yoyo-duan.io of type ca'
has out 'yoyo-duan.io: added to the key list'
refused notation cert generate-test "yoyo-duan.io"

# The list that is shown has the key as the default one.
notation key set --default "yoyo-duan.io" >out
has out 'yoyo-duan.io: marked as default'
notation key ls >out
fits out 'NAME +KEY PATH +CERTIFICATE PATH +ID +PLUGIN NAME +'
fits out "\* yoyo-duan.io +$NOTATION_CONFIG/localkeys/yoyo-duan.io.key +$NOTATION_CONFIG/localkeys/yoyo-duan.io.crt .*"
notation cert ls >out
fits out 'ca +yoyo-duan.io +yoyo-duan.io.crt +'

# --- Sign

notation ls $REGISTRY_URL/oci-artifacts:v1.0 >out
fits out "$IMAGE has no associated signatures?"
notation sign $REGISTRY_URL/oci-artifacts:v1.0 >out
has out "Successfully signed $IMAGE"
notation ls $REGISTRY_URL/oci-artifacts:v1.0 >out
has out "$IMAGE"
has out '└── application/vnd.cncf.notary.signature'
fits out '    └── sha256:[0-9a-f]{64}'
notation inspect $IMAGE >out
fits out '.*─ issued to: CN=yoyo-duan\.io,O=Notary,L=Seattle,ST=WA,C=US'

# --- Verify

refused notation verify $IMAGE
cat >trustpolicy.json <<JSON
{
  "version": "1.0",
  "trustPolicies": [
    {
      "name": "yoyo-images",
      "registryScopes": ["$REGISTRY_URL/oci-artifacts"],
      "signatureVerification": {"level": "strict"},
      "trustStores": ["ca:yoyo-duan.io"],
      "trustedIdentities": ["x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=yoyo-duan.io"]
    }
  ]
}
JSON
notation policy import trustpolicy.json
notation policy show >out
cmp out trustpolicy.json
notation verify $IMAGE >out
has out "Successfully verified signature for $IMAGE"
notation verify $REGISTRY_URL/oci-artifacts:v1.0 >out
has out "Successfully verified signature for $IMAGE"

# Integrity: what was pushed later is not what was signed.
echo changed >oci-artifacts/pod.yaml
tar -czf oci-artifacts.tar.gz oci-artifacts/
oras push $REGISTRY_URL/oci-artifacts:v1.0 oci-artifacts.tar.gz:application/vnd.oci.image.layer.v1.tar+gzip >/dev/null
refused notation verify $REGISTRY_URL/oci-artifacts:v1.0
notation verify $IMAGE >/dev/null

# Authenticity: another certificate does not count.
notation cert generate-test "other.io" >/dev/null
oras push $REGISTRY_URL/oci-artifacts:v1.1 oci-artifacts.tar.gz:application/vnd.oci.image.layer.v1.tar+gzip >/dev/null
notation sign --key other.io $REGISTRY_URL/oci-artifacts:v1.1 >/dev/null
refused notation verify $REGISTRY_URL/oci-artifacts:v1.1
notation sign --expiry 24h $REGISTRY_URL/oci-artifacts:v1.1 >/dev/null
notation verify $REGISTRY_URL/oci-artifacts:v1.1 >/dev/null
