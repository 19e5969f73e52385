#!/usr/bin/env bash
# Gets the public certificate of the hub's pages, renews it when a third of its life is left, and puts
# the complete file where the proxy reads it. Run by matthan-certificate.service as the proxy's user.
#
#   certificate.sh CHOICES STATE [DAYS]    the installer's choices, the proxy's folder, and the number
#                                          of days before its end when a certificate is renewed (30)
#
# The provider of the domain is configured by environment variables of lego (lego dnshelp -c PROVIDER).
set -euo pipefail
umask 077
readonly choices=$1 state=$2
readonly lego_home=$state/lego renew_days=${3:-30}
host='' contact='' https='' dns='' acme=''
while IFS='=' read -r name value; do
    case $name in
        host) host=$value ;;
        contact) contact=$value ;;
        https) https=$value ;;
        dns) dns=$value ;;
        acme) acme=$value ;;
    esac
done <"$choices"

how=(--accept-tos --email "$contact" --path "$lego_home" --domains "$host" --key-type ec256)
[[ -z $acme ]] || how+=(--server "$acme")
case $https in
    acme)
        mkdir -p "$state/www"
        how+=(--http --http.webroot "$state/www")
        ;;
    dns) how+=(--dns "$dns") ;;
    *) echo "certificate: pages are shown the certificate of '$https'; there is nothing to get." >&2 && exit 0 ;;
esac
readonly found=$lego_home/certificates/$host
if [[ -s $found.crt && -s $found.key ]]; then
    lego "${how[@]}" renew --days "$renew_days" --no-random-sleep
else
    lego "${how[@]}" run
fi
draft=$(mktemp -- "$state/site.pem.XXXXXX")
trap 'rm -f -- "$draft"' EXIT
cat "$found.crt" "$found.key" >"$draft"
cmp -s -- "$draft" "$state/site.pem" || { sync -- "$draft" && mv -fT -- "$draft" "$state/site.pem"; }
