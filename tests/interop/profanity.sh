#!/usr/bin/env bash
# Two people with profanity, a terminal client, against a running server: registers both, makes them contacts, lets them
# talk, and keeps their screens as text. For a look by hand; what was seen is in docs/interop.md.
#
#   deno run -A tests/interop/with_server.ts tests/interop/profanity.sh [TLS] [OUT]
#   INTEROP_PORT=5222 INTEROP_TLS_PORT=5223 INTEROP_CA=ca.pem INTEROP_DOMAIN=localhost tests/interop/profanity.sh …
#
# TLS is what profanity's /connect takes: trust (STARTTLS, any certificate), force (STARTTLS), legacy (direct TLS),
# disable. force and legacy check the certificate: against the authority in $INTEROP_CA, if that is set.
# Registration by profanity works with STARTTLS only, so both ports have to be there.
# Needs profanity and tmux; touches no configuration of the user's.
set -euo pipefail

tls=${1:-force}
out=${2:-$(mktemp -d /tmp/profanity.XXXXXX)}
domain=${INTEROP_DOMAIN:-localhost}
address=${INTEROP_ADDRESS:-127.0.0.1}
starttls_port=${INTEROP_PORT:?say where the server listens}
port=$starttls_port
[ "$tls" != legacy ] || port=${INTEROP_TLS_PORT:?say where the server listens for direct TLS}
home=$(mktemp -d)
suffix=$RANDOM$RANDOM
alice=alice-$suffix bob=bob-$suffix password=Secret-$suffix
session=(tmux -L "interop-$suffix" -f /dev/null)
failed=0

mkdir -p "$out"
trap '"${session[@]}" kill-server 2>/dev/null || true; rm -rf "$home"' EXIT

screen() { "${session[@]}" capture-pane -p -t "$1" 2>/dev/null | sed -e 's/[[:space:]]*$//'; }
keep() { screen "$1" >"$out/$2.txt"; }
type_line() { "${session[@]}" send-keys -t "$1" -l -- "$2"; "${session[@]}" send-keys -t "$1" Enter; }

# Waits until the person's screen shows a pattern; polls, because a terminal has no events.
expect() {
  local who=$1 pattern=$2 what=$3 turn
  for turn in $(seq 100); do
    if screen "$who" | grep -qiE -- "$pattern"; then
      echo "ok    $who: $what"
      return 0
    fi
    sleep 0.1
  done
  echo "FAIL  $who: $what (no $pattern)"
  keep "$who" "failed-$who-$((++failed))"
}

open() {
  local who=$1
  local run="env XDG_CONFIG_HOME=$home/$who/config XDG_DATA_HOME=$home/$who/data TERM=screen-256color LANG=C.UTF-8"
  run+=" ${INTEROP_CA:+SSL_CERT_FILE=$INTEROP_CA} profanity"
  mkdir -p "$home/$who/config" "$home/$who/data"
  "${session[@]}" new-window -d -n "$who" "$run"
  expect "$who" "Type ./help. to show" "started"
}

register() { # who, name: in-band registration, then login with the new account
  local who=$1 name=$2
  type_line "$who" "/register $name $domain port $starttls_port tls ${tls/legacy/force}"
  expect "$who" "password|Enter" "asked for a password to register with"
  type_line "$who" "$password"
  expect "$who" "Confirm password" "asked for it again"
  type_line "$who" "$password"
  expect "$who" "Registration successful" "registered in band"
  # profanity 0.13 goes on with that stream as if it had logged in: begin anew.
  "${session[@]}" kill-window -t "$who"
  open "$who"
}

login() {
  local who=$1 name=$2
  type_line "$who" "/connect $name@$domain server $address port $port tls $tls"
  expect "$who" "Enter password" "asked for the password"
  type_line "$who" "$password"
  expect "$who" "logged in successfully" "logged in"
}

"${session[@]}" new-session -d -x 120 -y 40 -n keeper cat
open alice
open bob
login_of() { if [ "$1" = alice ]; then echo "$alice"; else echo "$bob"; fi; }
for who in alice bob; do
  register "$who" "$(login_of $who)"
  login "$who" "$(login_of $who)"
done
keep alice 1-logged-in

type_line alice "/sub request $bob@$domain"
expect bob "authorization request" "sees the request"
type_line bob "/sub allow $alice@$domain"
type_line bob "/sub request $alice@$domain"
expect alice "authorization request|Subscription received" "sees the answer"
type_line alice "/sub allow $bob@$domain"
expect bob "$alice.*is online" "sees the contact online"
type_line alice "/roster"
expect alice "$bob@$domain - both" "has the contact in the roster, both ways"
keep alice 2-roster

type_line alice "/msg $bob@$domain hello bob, ünïcödé works"
type_line bob "/msg $alice@$domain hello alice"
expect alice "hello alice" "has the answer"
expect bob "hello bob, ünïcödé works" "has the message"
keep alice 3-chat-alice
keep bob 3-chat-bob

type_line alice "/win 1"
type_line alice "/ping"
expect alice "Ping response from" "pinged the server"
type_line alice "/disco info $domain"
expect alice "disco#info" "sees the server's features"
keep alice 4-disco
type_line alice "/serversoftware $domain"
expect alice "Software|Name|version" "sees the server's software"
type_line alice "/lastactivity get $domain"
expect alice "Uptime|up for" "sees the uptime"
keep alice 5-software
type_line alice "/status set dnd \"writing tests\""
type_line bob "/win 1"
expect bob "writing tests" "sees the contact's status"
keep bob 6-status

type_line bob "/disconnect"
expect bob "logged out successfully" "logged out"
type_line bob "/clear"
expect alice "is offline|went offline" "sees the contact go"
type_line alice "/msg $bob@$domain while you were away"
login bob "$bob"
expect bob "chat message" "is told of a message"
type_line bob "/win 2"
expect bob "while you were away" "has the message from while away"
keep bob 7-offline
type_line alice "/quit"
type_line bob "/quit"

echo "screens: $out"
[ "$failed" = 0 ]
