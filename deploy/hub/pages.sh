# shellcheck shell=bash disable=SC2154 # sourced by the hub's installer, which sets what is used here
# The side of the hub that phones see: certificate, TLS version, and the proxy's configuration. With
# each choice the proxy reads one file with certificate and key, which is always replaced as a whole: $proxy_state/site.pem.

pages_pem() { printf '%s' "$proxy_state/site.pem"; }

check_https() {
    case $https in
        own | none) ;;
        files)
            if [[ -n $cert || -n $key ]]; then
                check_site_pair
            elif [[ ! -e $(pages_pem) && ! -e $papers/proxy/site.crt ]]; then
                die "--https files needs --cert FILE and --key FILE that can be read."
            fi
            ;;
        acme | dns)
            [[ $host =~ [A-Za-z] && $host == *.* && $host != *:* ]] ||
                die "A public certificate needs a public name, and '$host' is none. Take --https own or files."
            [[ $https == acme ]] || check_dns
            ;;
        *) die "--https is own, acme, dns, files or none, not '$https'." ;;
    esac
    [[ -z $acme || $acme =~ ^https://[^[:space:]]+$ ]] ||
        die "--acme is the address of an authority's directory, https://…, not '$acme'."
    case $tls in 1.2 | 1.3) ;; *) die "--tls is 1.3 or 1.2, not '$tls'." ;; esac
}

check_site_pair() {
    [[ -r $cert && -r $key ]] || die "--https files needs --cert FILE and --key FILE that can be read."
    openssl x509 -in "$cert" -noout 2>/dev/null || die "$cert holds no certificate (PEM)."
    openssl pkey -in "$key" -noout -passin pass: 2>/dev/null ||
        die "$key holds no key that opens without a password (PEM)."
    [[ $(openssl x509 -in "$cert" -noout -pubkey) == "$(openssl pkey -in "$key" -pubout)" ]] ||
        die "$key is not the key of $cert. Give the two that belong together."
    openssl x509 -in "$cert" -noout -checkend 0 >/dev/null ||
        die "$cert has ended ($(openssl x509 -in "$cert" -noout -enddate)). Give one that holds."
    names_host "$cert" || die "$cert is not for $host: phones would refuse it. Give one with that name."
}

check_dns() {
    [[ $dns =~ ^[a-z0-9]+$ ]] ||
        die "--https dns needs --dns PROVIDER, a name of lego's: rfc2136, cloudflare, … (lego dnshelp)"
    [[ -n $dns_env || -e $etc/proxy/dns.env ]] ||
        die "--https dns needs --dns-env FILE: the provider's login as lines NAME=VALUE (lego dnshelp -c $dns)"
    [[ -z $dns_env ]] || [[ -r $dns_env ]] || die "$dns_env cannot be read."
    [[ -z $dns_env ]] || ! grep -vqE '^([A-Z][A-Z0-9_]*=.*|#.*|)$' "$dns_env" ||
        die "$dns_env: line $(grep -nvE '^([A-Z][A-Z0-9_]*=.*|#.*|)$' "$dns_env" | head -n 1 | cut -d : -f 1) is not NAME=VALUE."
}

names_host() { # CERTIFICATE [NAME]
    local name=${2:-$host}
    if [[ $name =~ ^[0-9.]+$|: ]]; then
        openssl x509 -in "$1" -noout -checkip "$name" | grep -q 'does match'
    else
        openssl x509 -in "$1" -noout -checkhost "$name" | grep -q 'does match'
    fi
}

# Until the public certificate has come, phones are shown the one of the hub's own authority.
put_site_pair() {
    local from_cert=$cert from_key=$key
    # First: a login that was changed counts also where a certificate is there already.
    [[ $https != dns || -z $dns_env ]] || put_file "$dns_env" "$etc/proxy/dns.env" 600 root:root
    case $https in
        files)
            [[ -n $cert || -e $(pages_pem) ]] ||
                from_cert=$papers/proxy/site.crt from_key=$papers/proxy/site.key # of an older version
            ;;
        acme | dns)
            [[ -e $(pages_pem) ]] && names_host "$(pages_pem)" && return
            from_cert=$papers/proxy/proxy.crt from_key=$papers/proxy/proxy.key
            ;;
        *) return 0 ;;
    esac
    # Line by line: of a file that ends amid a line the key would else begin there, and count for none.
    [[ -z $from_cert ]] || awk 1 "$from_cert" "$from_key" | put_text "$(pages_pem)" 600 "$proxy_owner"
}

caddyfile() { # HOST AS IN A URL
    local versions=tls1.3 pair challenge=''
    [[ $tls == 1.3 ]] || versions='tls1.2 tls1.3'
    pair="$(pages_pem) $(pages_pem)"
    [[ $https != own ]] || pair="$papers/proxy/proxy.crt $papers/proxy/proxy.key"
    [[ $https != acme ]] || challenge="
    handle /.well-known/acme-challenge/* {
        root * $proxy_state/www
        file_server
    }"
    cat <<CADDY
# Written anew by each upgrade of the hub.
{
    admin off
    skip_install_trust
    auto_https disable_redirects
}
http://$1 {$challenge
    handle {
        redir https://$1{uri} permanent
    }
}
https://$1 {
    tls $pair {
        protocols $versions
    }
    reverse_proxy 127.0.0.1:8080 {
        flush_interval -1
    }
}
# Nodes trust the hub's own authority and no other, whatever phones are shown above.
https://$1:$upload_port {
    tls $papers/proxy/proxy.crt $papers/proxy/proxy.key {
        protocols tls1.3
    }
    @nodes path /upload /upload/* /enrol /enrol/*
    handle @nodes {
        reverse_proxy 127.0.0.1:8080
    }
    respond 404
}
CADDY
}

fetch_certificate() {
    [[ $https == acme || $https == dns ]] || return 0
    say "A public certificate for $host is asked for (up to three minutes) …"
    systemctl start matthan-certificate.service ||
        say "There is none yet; phones see the hub's own until then. It is tried again every six hours. See: journalctl -u matthan-certificate"
}
