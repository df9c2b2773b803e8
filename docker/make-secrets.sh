#!/bin/sh
# Certificates, a token and profiles for a trial of docker/compose.yaml: sh docker/make-secrets.sh DIRECTORY [USER:GROUP]
#
# A certificate authority of its own, a server certificate for the names alpha, beta and localhost, a
# client certificate for the upstream CDN, a token of the role admin, and profiles that know the client
# certificate. The containers run as USER:GROUP (64064:64064), who has to be able to read all of it: as
# root, the files are given to them; otherwise run the containers as yourself (FOOTPRINTD_USER). Nothing
# that is there already is overwritten.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: make-secrets.sh DIRECTORY [USER:GROUP]" >&2
    exit 2
fi
directory=$1
user=${2:-64064:64064}
if [ -e "$directory" ]; then
    echo "make-secrets: $directory is there already" >&2
    exit 1
fi
umask 077
mkdir -p "$directory"
cd "$directory"

# certificate NAME SUBJECT [OPTION...]
certificate() {
    name=$1
    subject=$2
    shift 2
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "$subject" \
        -keyout "$name" -out "${name%key.pem}certificate.pem" "$@" 2>/dev/null
}
certificate ca-key.pem "/CN=footprintd trial"
mv ca-certificate.pem client-ca.pem
certificate key.pem /CN=alpha -CA client-ca.pem -CAkey ca-key.pem \
    -addext basicConstraints=CA:FALSE -addext "subjectAltName=DNS:alpha,DNS:beta,DNS:localhost,IP:127.0.0.1"
certificate client-key.pem /CN=ucdn -CA client-ca.pem -CAkey ca-key.pem \
    -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:ucdn.example

token=$(openssl rand -hex 32)
printf '%s\n' "$token" >token
printf 'operator:admin:%s\n' "$(printf %s "$token" | sha256sum | cut -d' ' -f1)" >tokens
cat >ucdns.yaml <<'YAML'
ucdn:
  certificates:
    - san: dns:ucdn.example
YAML
if [ "$(id -u)" -eq 0 ]; then
    chown -R "$user" .
fi
echo "made $directory; the token of the operator is in $directory/token"
