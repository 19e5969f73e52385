# shellcheck shell=bash disable=SC2154 # sourced by tests/rigs/province.sh, which sets what is used here
# Database, its quorum, the brokers and the store of the footage: their configuration, and questions to them.

# ── etcd, and PostgreSQL under Patroni

peers() { for n in "${three[@]}"; do printf 'etcd-%s=http://%s:%s,' "$n" "$host" "$(line etcd "etcd-$n-peer")"; done | sed 's/,$//'; }
ports_of() { for n in "${three[@]}"; do printf '%s,' "$(port "$1-$n")"; done | sed 's/,$//'; } # NAME

lines_to() { for n in "${three[@]}"; do printf '%s%s,' "${3-}" "$(line "$1" "$2-$n")"; done | sed 's/,$//'; } # CLIENT NAME [PREFIX]

make_etcd() {
    local n client peer said
    for n in "${three[@]}"; do
        client=http://$host:$(port "etcd-$n") peer=http://$host:$(port "etcd-$n-peer")
        said=http://$host:$(line etcd "etcd-$n-peer")
        # Patient, for a machine under load: a leader that is late to speak is not a dead one.
        debian_part "etcd-$n" etcd --name "etcd-$n" --data-dir "$folder/etcd-$n" --log-level warn \
            --listen-client-urls "$client" --advertise-client-urls "$client" \
            --listen-peer-urls "$peer" --initial-advertise-peer-urls "$said" --initial-cluster "$(peers)" \
            --heartbeat-interval 300 --election-timeout 3000
    done
}

patroni_yml() { # NUMBER
    cat <<YAML
scope: province
name: pg-$1
restapi: {listen: "$host:$(port "patroni-$1")", connect_address: "$host:$(port "patroni-$1")"}
# etcd itself names addresses that no line leads to.
etcd3: {hosts: "$(lines_to "pg-$1" etcd "$host:")", use_proxies: $([[ -e $folder/has-lines ]] && echo true || echo false)}
bootstrap:
  dcs:
    # A leader that is silent for ttl seconds has lost its place.
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    # A commit counts when a second server has it, and only that one becomes the leader.
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 120, shared_buffers: 64MB, max_wal_size: 256MB}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, data-checksums]
postgresql:
  listen: "$host:$(port "pg-$1")"
  connect_address: "$host:$(line pg "pg-$1")"
  data_dir: $folder/pg-$1/data
  bin_dir: $pg_programs
  pgpass: $folder/pg-$1/pgpass
  authentication:
    superuser: {username: postgres, password: $password}
    replication: {username: replicator, password: $password}
    rewind: {username: rewinder, password: $password}
  parameters: {unix_socket_directories: ""}
  pg_hba:
    - host all all $host/32 scram-sha-256
    - host replication replicator $host/32 scram-sha-256
YAML
}

make_postgres() {
    local n as=()
    pg_programs=$(find "$debian/usr/lib/postgresql" /usr/lib/postgresql -path '*/bin/postgres' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)
    for n in "${three[@]}"; do
        mkdir -p "$folder/pg-$n"
        patroni_yml "$n" >"$folder/pg-$n/patroni.yml"
        if ((EUID == 0)); then
            user=$(getent passwd postgres nobody | head -n 1 | cut -d : -f 1)
            chown -R "$user" "$folder/pg-$n"
            as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
            "${as[@]}" test -x "$folder/pg-$n" || die "the user $user may not enter $folder: name another FOLDER"
        fi
        chmod 700 "$folder/pg-$n"
        debian_part "pg-$n" "${as[@]}" /usr/bin/python3 "$debian/usr/bin/patroni" "$folder/pg-$n/patroni.yml"
    done
}

of_leader() { # QUERY
    PGPASSWORD=$password in_debian psql -qtAX -v ON_ERROR_STOP=1 -c "$1" \
        "host=$host,$host,$host port=$(ports_of pg) user=postgres dbname=${2-postgres} target_session_attrs=read-write connect_timeout=3"
}

leader() { # the name of PostgreSQL's leader, as its Patroni says
    local n
    for n in "${three[@]}"; do
        [[ $(answer_of "http://$host:$(port "patroni-$n")/primary") != 200 ]] || echo "pg-$n"
    done
}

follower() { # one that follows it
    local n
    for n in "${three[@]}"; do
        [[ $(answer_of "http://$host:$(port "patroni-$n")/replica") != 200 ]] || { echo "pg-$n" && return; }
    done
}

patroni_lists() {
    in_debian python3 "$debian/usr/bin/patronictl" -c "$folder/pg-1/patroni.yml" list
}

has_followers() { # both, one of them synchronous
    [[ $(of_leader "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 2 &&
    $(of_leader "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1 ]]
}

# ── Swift

swift_conf() { # KIND BIND PIPELINE
    cat <<INI
[DEFAULT]
bind_ip = $host
bind_port = $(port "$2")
workers = 0
user = $(id -un)
swift_dir = $folder/swift
devices = $folder/swift/disks
mount_check = false
[pipeline:main]
pipeline = $3
[filter:healthcheck]
use = egg:swift#healthcheck
[app:$1-server]
use = egg:swift#$1
INI
}

make_swift() {
    local n kind home=$folder/swift
    mkdir -p "$home/disks"
    printf '[swift-hash]\nswift_hash_path_suffix = %s\n[storage-policy:0]\nname = zones\ndefault = yes\n' "$password" >"$home/swift.conf"
    for kind in account container object; do
        [[ -e $home/$kind.ring.gz ]] || in_ring "$kind" create 8 3 1
        for n in "${three[@]}"; do
            mkdir -p "$home/disks/zone-$n"
            swift_conf "$kind" "swift-$kind-$n" "healthcheck $kind-server" >"$home/$kind-$n.conf"
            [[ -e $home/$kind.ring.gz ]] || in_ring "$kind" add "r1z$n-$host:$(line swift "swift-$kind-$n")/zone-$n" 100
            debian_part "swift-$kind-$n" /usr/bin/python3 "$debian/usr/bin/swift-$kind-server" "$home/$kind-$n.conf" -v
        done
        [[ -e $home/$kind.ring.gz ]] || in_ring "$kind" rebalance
    done
    debian_part swift-cache memcached -l "$host" -p "$(port swift-cache)" -u "$(id -un)" -m 64
    {
        swift_conf proxy s3 "catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy slo proxy-server"
        printf 'account_autocreate = true\n'
        for n in catch_errors gatekeeper listing_formats copy slo s3api; do printf '[filter:%s]\nuse = egg:swift#%s\n' "$n" "$n"; done
        printf 'location = us-east-1\n' # of s3api, the last
        printf '[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = %s:%s\n' "$host" "$(port swift-cache)"
        printf '[filter:tempauth]\nuse = egg:swift#tempauth\nuser_province_hub = %s .admin\n' "$password"
    } >"$home/proxy.conf"
    debian_part swift-proxy /usr/bin/python3 "$debian/usr/bin/swift-proxy-server" "$home/proxy.conf" -v
    printf 'province:hub\n%s\n' "$password" >"$folder/bucket.key"
    chmod 600 "$folder/bucket.key"
}

in_ring() { in_debian /usr/bin/python3 "$debian/usr/bin/swift-ring-builder" "$folder/swift/$1.builder" "${@:2}" >>"$folder/log/rings" || (($? == 1)); } # KIND WORDS...

bucket() { # METHOD WORDS...: of the S3 client
    .venv/bin/python - "$folder/bucket.key" "http://$host:$(port s3)" "$@" <<'PYTHON'
import contextlib, pathlib, sys
import boto3
key, secret = pathlib.Path(sys.argv[1]).read_text().split()
client = boto3.client("s3", endpoint_url=sys.argv[2], region_name="us-east-1",
                      aws_access_key_id=key, aws_secret_access_key=secret)
match sys.argv[3]:
    case "make":
        with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket="footage")
    case "try":
        client.put_object(Bucket="footage", Key="rig", Body=b"a clip")
        assert client.get_object(Bucket="footage", Key="rig")["Body"].read() == b"a clip"
PYTHON
}

# ── Mosquitto

make_brokers() {
    local name
    for name in "${brokers[@]}"; do
        sed -e "s|^listener .*|listener $(port "$name") $host|" \
            -e "s|/var/lib/matthan-papers/broker/ca.crt|$folder/ca/ca.crt|" \
            -e "s|/var/lib/matthan-papers/broker/crl.pem|$folder/crl.pem|" \
            -e "s|/var/lib/matthan-papers/broker/broker|$folder/$name/$name|" \
            -e "s|/etc/matthan/broker/access|$folder/$name/access|" \
            -e "s|/opt/matthan/broker/guard.so|$PWD/hub/intake/mqtt/guard-$(uname -m).so|" \
            -e "s|/var/lib/matthan-papers/broker/shut-out|$folder/shut-out|" \
            -e "s|^include_dir.*|user $(id -un)|" deploy/hub/mosquitto.conf >"$folder/$name/mosquitto.conf"
        install -m 600 deploy/hub/broker.access "$folder/$name/access"
        debian_part "$name" mosquitto -c "$folder/$name/mosquitto.conf"
    done
}
