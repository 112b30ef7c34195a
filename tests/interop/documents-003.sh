#!/bin/sh
# The command lines of cosign's README (and of cosign's page in the catalogue of tools) that cosign's services, a key or a
# registry are enough for, in its order and as they stand there. Host names, file names and variables are ours. Services are
# those of a sandbox; the environment names them, as flags may be given by it. Left out: key management services, `upload`,
# and programs other than cosign, oras and crane.
#
# On PATH: cosign, oras, crane, jq, and xdg-open, which logs in as $IDENTITY. REGISTRY is host:port, GENERATION is 2 or 3,
# OURS is yes or no; COSIGN_MIRROR and COSIGN_ROOT are the TUF repository, FULCIO, REKOR and OIDC_ISSUER the services, and
# TOKEN is an identity token for $CERT_IDENTITY. Runs in an empty folder.
set -eux

# The text of a file has this line.
has() { grep -qxF -e "$2" "$1" || { cat "$1" >&2; exit 1; }; }
# The text of a file has these words.
says() { grep -qF -e "$2" "$1" || { cat "$1" >&2; exit 1; }; }
# The command must fail.
refused() { if "$@" >refused.out 2>&1; then cat refused.out >&2; exit 1; fi; }
# Services by URL, which 2.x wants always, and 3.x wants where it takes them from no signing config.
by_url() { export COSIGN_FULCIO_URL=$FULCIO COSIGN_REKOR_URL=$REKOR COSIGN_OIDC_ISSUER=$OIDC_ISSUER; }
# The README shows signatures under tags, which 3.x writes when told so; with 2.x this changes nothing.
under_tags() { export COSIGN_NEW_BUNDLE_FORMAT=false COSIGN_USE_SIGNING_CONFIG=false; by_url; }
as_referrers() {
  unset COSIGN_NEW_BUNDLE_FORMAT COSIGN_USE_SIGNING_CONFIG
  [ "$GENERATION" = 2 ] || unset COSIGN_FULCIO_URL COSIGN_REKOR_URL COSIGN_OIDC_ISSUER
}
[ "$GENERATION" = 3 ] || by_url

push() {
  echo "content of $1" >content.txt
  oras push "$1" content.txt >/dev/null
}

cosign initialize # This will pull in the latest TUF root

# --- Quick Start: Sign a container and store the signature in the registry

REPOSITORY=$REGISTRY/dlorenc/keyless
push "$REPOSITORY:1"
IMAGE=$REPOSITORY@$(crane digest "$REPOSITORY:1")
# A person at a terminal, which standard input is not here: it would be taken for a machine without a browser.
export COSIGN_FULCIO_AUTH_FLOW=normal
under_tags
echo y | cosign sign $IMAGE >out 2>err
says err 'Generating ephemeral keys...'
says err 'This information will be used for signing this artifact and will be stored in public transparency logs and cannot be removed later'
says err "By typing 'y', you attest that"
says err 'Are you sure you would like to continue? [y/N] '
says err 'Your browser will now be opened to:'
grep -q "^$OIDC_ISSUER/auth?access_type=online&client_id=sigstore&code_challenge=[A-Za-z0-9_-]*&code_challenge_method=S256&nonce=[A-Za-z0-9_-]*&redirect_uri=http%3A%2F%2Flocalhost%3A[0-9]*%2Fauth%2Fcallback&response_type=code&scope=openid+email&state=[A-Za-z0-9_-]*$" err
if [ "$GENERATION" = 2 ]; then
  has err 'Retrieving signed certificate...'
  has err 'Successfully verified SCT...'
  grep -qE 'tlog entry created with index: [0-9]+$' err
fi
has err "Pushing signature to: $REPOSITORY"
crane manifest "$(cosign triangulate $IMAGE)" >manifest
says manifest '"dev.sigstore.cosign/bundle"'
refused sh -c 'echo n | cosign sign "$1"' sh "$IMAGE"
as_referrers
unset COSIGN_FULCIO_AUTH_FLOW

# --- Verify a container

cosign verify $IMAGE --certificate-identity=$IDENTITY --certificate-oidc-issuer=$OIDC_ISSUER >out 2>err
has err 'The following checks were performed on each of these signatures:'
has err '  - The cosign claims were validated'
has err '  - Existence of the claims in the transparency log was verified offline'
has err '  - The code-signing certificate was verified using trusted certificate authority certificates'
jq . <out >json
says json "\"docker-manifest-digest\": \"${IMAGE#*@}\""
says json "\"Subject\": \"$IDENTITY\""
says json "\"Issuer\": \"$OIDC_ISSUER\""
cosign verify $IMAGE --certificate-identity-regexp='^alice@' --certificate-oidc-issuer-regexp='/oidc$' >/dev/null
refused cosign verify $IMAGE --certificate-identity=mallory@example.com --certificate-oidc-issuer=$OIDC_ISSUER
refused cosign verify $IMAGE --certificate-identity=$IDENTITY --certificate-oidc-issuer=https://accounts.example.com
refused cosign verify $IMAGE --certificate-identity-regexp='^mallory@' --certificate-oidc-issuer-regexp='/oidc$'
refused cosign verify $IMAGE --certificate-identity=$IDENTITY
refused cosign verify $IMAGE

# For keyless signing, ensure you have an OIDC token: CI environments provide it. In the generation's own format.
push "$REPOSITORY:ci"
IMAGE=$REPOSITORY@$(crane digest "$REPOSITORY:ci")
SIGSTORE_ID_TOKEN=$TOKEN COSIGN_YES=true cosign sign $IMAGE
cosign verify $IMAGE --certificate-identity=$CERT_IDENTITY --certificate-oidc-issuer=$OIDC_ISSUER >/dev/null
echo '{"hello":"world"}' >predicate.json
SIGSTORE_ID_TOKEN=$TOKEN COSIGN_YES=true cosign attest --predicate predicate.json $IMAGE
cosign verify-attestation $IMAGE --certificate-identity=$CERT_IDENTITY --certificate-oidc-issuer=$OIDC_ISSUER >/dev/null
refused cosign verify-attestation $IMAGE --certificate-identity=$IDENTITY --certificate-oidc-issuer=$OIDC_ISSUER

# --- Verify a container in an air-gapped environment, signed for an identity

IMAGE_NAME=$REPOSITORY:ci
CERT_OIDC_ISSUER=$OIDC_ISSUER
cosign save $IMAGE_NAME --dir ./path/to/keyless
cosign verify --certificate-identity $CERT_IDENTITY --certificate-oidc-issuer $CERT_OIDC_ISSUER --offline --local-image ./path/to/keyless >out 2>err
has err 'Verification for ./path/to/keyless --'
jq . <out >/dev/null
refused cosign verify --certificate-identity $IDENTITY --certificate-oidc-issuer $CERT_OIDC_ISSUER --offline --local-image ./path/to/keyless

# --- Keys. What they sign is logged, too; nobody is asked again.

export COSIGN_YES=true
export COSIGN_PASSWORD=secret
cosign generate-key-pair
COSIGN_PASSWORD=other cosign generate-key-pair --output-key-prefix other
has cosign.key '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----'
has cosign.pub '-----BEGIN PUBLIC KEY-----'
[ "$(stat -c %a cosign.key)" = 600 ]

# --- Verify a container against a public key

IMAGE_URI=$REGISTRY/dlorenc/verified
push "$IMAGE_URI:1h"
IMAGE_URI_DIGEST=$IMAGE_URI@$(crane digest "$IMAGE_URI:1h")
refused cosign verify --key cosign.pub "$IMAGE_URI:1h"
cosign sign --key cosign.key "$IMAGE_URI_DIGEST"
cosign verify --key cosign.pub $IMAGE_URI:1h >out 2>err
has err 'The following checks were performed on each of these signatures:'
has err '  - The cosign claims were validated'
has err '  - The signatures were verified against the specified public key'
has err '  - Existence of the claims in the transparency log was verified offline'
jq . <out >json
says json "\"docker-manifest-digest\": \"${IMAGE_URI_DIGEST#*@}\""
refused cosign verify --key other.pub $IMAGE_URI:1h
# 2.x does without the trusted root that it was given, ours does not.
echo '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}' >root.json
[ "$GENERATION$OURS" = 2no ] || refused cosign verify --key cosign.pub --trusted-root root.json --offline $IMAGE_URI:1h

# The password from standard input.
push "$IMAGE_URI:stdin"
printf secret | env -u COSIGN_PASSWORD cosign sign --key cosign.key "$IMAGE_URI@$(crane digest "$IMAGE_URI:stdin")"
cosign verify --key cosign.pub "$IMAGE_URI:stdin" >/dev/null
push "$IMAGE_URI:wrong"
printf 'secret\n' >password
refused env -u COSIGN_PASSWORD cosign sign --key cosign.key "$IMAGE_URI:wrong" <password

# --- Verify a container in an air-gapped environment

IMAGE_NAME=$IMAGE_URI:1h
cosign save $IMAGE_NAME --dir ./path/to/dir
cosign verify --key cosign.pub --offline --local-image ./path/to/dir >out 2>err
has err 'Verification for ./path/to/dir --'
jq . <out >json
# 3.x prints an empty claim of a folder's bundle, ours does not.
[ "$GENERATION$OURS" = 3no ] || says json "\"docker-manifest-digest\": \"${IMAGE_URI_DIGEST#*@}\""
refused cosign verify --key other.pub --offline --local-image ./path/to/dir
# Nobody listens there: only the folder is read.
COSIGN_REPOSITORY=127.0.0.1:1/nowhere cosign verify --key cosign.pub --offline --local-image ./path/to/dir >/dev/null
# 3.x pushes the manifest of a bundle before the bundle, which registries refuse.
if [ "$GENERATION$OURS" != 3no ]; then
  cosign load --dir ./path/to/dir "$REGISTRY/dlorenc/loaded:1h"
  cosign verify --key cosign.pub "$REGISTRY/dlorenc/loaded:1h" >/dev/null
fi

# --- eBPF: the output shows a signature that is in no log

push "$REGISTRY/tcpconnect:test"
DIGEST=$(crane digest "$REGISTRY/tcpconnect:test")
under_tags
export COSIGN_TLOG_UPLOAD=false COSIGN_INSECURE_IGNORE_TLOG=true
cosign sign  --key cosign.key $REGISTRY/tcpconnect@$DIGEST
cosign verify --key cosign.pub $REGISTRY/tcpconnect:test >out 2>err
cat >wanted <<EOF

[{"critical":{"identity":{"docker-reference":"$REGISTRY/tcpconnect"},"image":{"docker-manifest-digest":"$DIGEST"},"type":"cosign container image signature"},"optional":null}]
EOF
cmp out wanted
cat >wanted <<EOF

Verification for $REGISTRY/tcpconnect:test --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
EOF
# Above it stand warnings alone.
grep -v -e '^WARNING: ' -e '^Flag --' err | cmp - wanted
unset COSIGN_TLOG_UPLOAD COSIGN_INSECURE_IGNORE_TLOG
refused cosign verify --key cosign.pub $REGISTRY/tcpconnect:test
as_referrers

# --- In-Toto Attestations

echo '{"hello":"world"}' >predicate.json
cosign attest --predicate predicate.json --key cosign.key $IMAGE_URI_DIGEST
cosign verify-attestation --key cosign.pub $IMAGE_URI:1h >out 2>err
jq . <out >json
says json '"payloadType": "application/vnd.in-toto+json"'
refused cosign verify-attestation --key other.pub $IMAGE_URI:1h
refused cosign verify-attestation --key cosign.pub --type spdx $IMAGE_URI:1h

# --- Registry Support

push "$REGISTRY/my/image:1"
DIGEST=$(crane digest "$REGISTRY/my/image:1")
under_tags
COSIGN_DOCKER_MEDIA_TYPES=1 cosign sign --key cosign.key $REGISTRY/my/image@$DIGEST
cosign verify --key cosign.pub "$REGISTRY/my/image@$DIGEST" >/dev/null
crane manifest "$(cosign triangulate "$REGISTRY/my/image@$DIGEST")" >manifest
says manifest '"mediaType":"application/vnd.docker.distribution.manifest.v2+json"'
as_referrers

# --- Payload Formats

cosign generate $IMAGE_URI_DIGEST >out
printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' \
  "$IMAGE_URI" "${IMAGE_URI_DIGEST#*@}" >wanted
cmp out wanted

# --- Specifying Registry

push "$REGISTRY/dlorenc-vmtest2/demo:1"
DIGEST=$(crane digest "$REGISTRY/dlorenc-vmtest2/demo:1")
IMAGE_URI_DIGEST=$REGISTRY/dlorenc-vmtest2/demo@$DIGEST
TAG=sha256-${DIGEST#sha256:}.sig
under_tags
export COSIGN_REPOSITORY=$REGISTRY/my-new-repo
cosign sign --key cosign.key $IMAGE_URI_DIGEST
cosign verify --key cosign.pub $IMAGE_URI_DIGEST >/dev/null
[ "$(cosign triangulate $IMAGE_URI_DIGEST)" = "$REGISTRY/my-new-repo:$TAG" ]
crane manifest "$REGISTRY/my-new-repo:$TAG" >/dev/null
refused crane manifest "$REGISTRY/dlorenc-vmtest2/demo:$TAG"
# The place the README tells of is read by ours, too.
crane copy "$REGISTRY/my-new-repo:$TAG" "$REGISTRY/documents/demo:$TAG" 2>/dev/null
[ "$OURS" = no ] || COSIGN_REPOSITORY=$REGISTRY/documents cosign verify --key cosign.pub $IMAGE_URI_DIGEST >/dev/null
unset COSIGN_REPOSITORY
refused cosign verify --key cosign.pub $IMAGE_URI_DIGEST
as_referrers

# --- OCI Artifacts

echo 'cosign itself' >cosign
oras push $REGISTRY/dlorenc-vmtest2/test/artifact ./cosign >out
DIGEST=$(sed -n 's/^Digest: //p' out)
cosign sign --key cosign.key $REGISTRY/dlorenc-vmtest2/test/artifact@$DIGEST
cosign verify --key cosign.pub  $REGISTRY/dlorenc-vmtest2/test/artifact@$DIGEST >out
jq . <out >json
says json "\"docker-manifest-digest\": \"$DIGEST\""

# --- Tag Signing

IMAGE_URI=$REGISTRY/dlorenc/tagged
push "$IMAGE_URI:latest"
IMAGE_URI_DIGEST=$IMAGE_URI@$(crane digest "$IMAGE_URI")
TAG=sign-me
cosign sign --key cosign.key -a tag=$TAG $IMAGE_URI_DIGEST
cosign verify --key cosign.pub -a tag=$TAG $IMAGE_URI | jq . >json
says json '"tag": "sign-me"'
refused cosign verify --key cosign.pub -a tag=other $IMAGE_URI
refused cosign verify --key cosign.pub -a other=$TAG $IMAGE_URI

# --- Counter-Signing

IMAGE_URI=$REGISTRY/dlorenc/demo
push "$IMAGE_URI:latest"
IMAGE_URI_DIGEST=$IMAGE_URI@$(crane digest "$IMAGE_URI")
under_tags
cosign sign --key cosign.key -a sig=original $IMAGE_URI_DIGEST
cosign verify --key cosign.pub $REGISTRY/dlorenc/demo | jq . >json
says json '"sig": "original"'
crane tag $(cosign triangulate $IMAGE_URI) mysignature 2>/dev/null
cosign sign --key cosign.key -a sig=counter $REGISTRY/dlorenc/demo:mysignature
cosign verify --key cosign.pub $REGISTRY/dlorenc/demo:mysignature >out
jq . <out >json
says json '"sig": "counter"'
SIGNATURE=$(crane digest $REGISTRY/dlorenc/demo:mysignature)
says json "\"docker-manifest-digest\": \"$SIGNATURE\""
crane manifest $REGISTRY/dlorenc/demo@$SIGNATURE >manifest
jq . <manifest >json
says json '"dev.cosignproject.cosign/signature"'
refused cosign verify --key other.pub $REGISTRY/dlorenc/demo:mysignature
as_referrers

# Without a choice of format the generations differ in what they write, and both verify it.
if [ "$GENERATION" = 3 ]; then
  refused crane manifest "$(cosign triangulate "$REGISTRY/dlorenc/tagged")"
else
  crane manifest "$(cosign triangulate "$REGISTRY/dlorenc/tagged")" >/dev/null
fi
