#!/bin/sh
# Installs what tests need beside Python packages: servers, browser, readers, Node packages.
# As root on Debian it installs what is missing. Elsewhere it says what is missing; the tests
# that need it then skip, with the same words, or fail under CI.
set -u
cd "$(dirname "$0")"

# Debian 12 has Valkey in its backports alone: the same mirror, another suite.
backports() {
	if apt-cache show valkey-server >/dev/null 2>&1; then return; fi
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	for list in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		if [ -f "$list" ]; then
			case "$list" in
			*.sources)
				awk -v RS= -v ORS="\n\n" -v suites="Suites: $suite-backports" \
					'!/-security/ { sub(/Suites:[^\n]*/, suites); print }' "$list"
				;;
			*) sed -n "s/ $suite main.*/ $suite-backports main/p" "$list" ;;
			esac >"/etc/apt/sources.list.d/backports.${list##*.}"
			break
		fi
	done
	apt-get update -qq
}

missing=""
need() { # need COMMAND-OR-TEST PACKAGE…
	if ! sh -c "$1" >/dev/null 2>&1; then shift; missing="$missing $*"; fi
}
need "command -v redis-server" redis-server
need "command -v valkey-server" valkey-server
need "command -v chromium" chromium
need "command -v node && command -v npm" nodejs npm
need "command -v php" php-cli
need "command -v curl" curl
need "command -v openssl" openssl
need "command -v nginx || test -x /usr/sbin/nginx" nginx-light
need "command -v caddy" caddy
need "command -v systemd-analyze" systemd
need "/usr/bin/python3 -c 'import gi; gi.require_version(\"ICal\", \"3.0\")'" python3-gi gir1.2-ical-3.0

if [ -n "$missing" ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "Installing Debian packages:$missing" >&2
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq || exit 1
		case "$missing" in *valkey-server*) backports ;; esac
		apt-get install -y -qq --no-install-recommends $missing >/dev/null || exit 1
	else
		echo "Not installed, and the tests that need them will not run:$missing" >&2
		echo "As root on Debian or Ubuntu: apt-get install$missing" >&2
		if [ -n "${CI:-}" ]; then exit 1; fi
	fi
fi

if command -v npm >/dev/null; then
	find . -name package-lock.json -not -path "*/node_modules/*" | while read -r lock; do
		echo "Installing the Node packages of tests/${lock#./}" >&2
		(cd "$(dirname "$lock")" && npm ci --silent --no-audit --no-fund --ignore-scripts) || exit 1
	done || exit 1
elif [ -n "${CI:-}" ]; then
	exit 1
fi
