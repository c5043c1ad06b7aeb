#!/usr/bin/env bash
# Makes throw-away TLS keys for trying a development server with other gRPC clients: see README.md.
#   certs-dev/make.sh [name ...]     default: client
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v openssl >/dev/null; then
    echo "make.sh needs the openssl program, and it was not found. Nothing was made." >&2
    exit 1
fi

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(client)
for name in "${names[@]}"; do
    if ! [[ "$name" =~ ^[a-z0-9-]{1,32}$ ]]; then
        echo "A name is one to thirty-two of a-z, 0-9 and -. Nothing was made." >&2
        exit 1
    fi
    # A key is never overwritten: a server may already know it.
    if [ -e "out/$name.key" ] || [ -e "out/$name.pem" ]; then
        echo "out/$name.key or out/$name.pem is already there. Nothing was made." >&2
        exit 1
    fi
done

# Keys are for the one who made them only.
umask 077
mkdir -p out
for name in "${names[@]}"; do
    # P-256 by the curve's name, the point uncompressed: the one form of key that the gate takes. The
    # subject is there because X.509 wants one; the server reads the key and nothing else.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -pkeyopt ec_param_enc:named_curve \
        -noenc -sha256 -days 7 -subj "/CN=$name" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout "out/$name.key" -out "out/$name.pem" 2>/dev/null
    echo "made certs-dev/out/$name.pem and certs-dev/out/$name.key"
done
