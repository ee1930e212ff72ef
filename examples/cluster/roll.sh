#!/bin/sh
# Make one server after the other anew, each when the one before it is ready again.
set -e

tell() { # a command to HAProxy
    docker compose exec -T haproxy bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999; echo "$0" >&3; cat <&3' "$1"
}

for server in web1 web2; do
    tell "set server tablecast/$server state drain"
    sleep 2 # what was just delivered is taken up; docker waits until it is answered
    docker compose up -d --build --no-deps --wait --force-recreate "$server"
    tell "set server tablecast/$server state ready"
    until tell "show stat" | grep -q "^tablecast,$server,.*,UP,"; do sleep 0.5; done
done
