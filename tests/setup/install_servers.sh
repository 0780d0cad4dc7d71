#!/bin/sh
# Installs the servers and tools that the tests against real software want (Debian's packages). Safe to call again and again.
# Nothing is started and nothing is stopped; without root, apt or a network it says what it leaves out and succeeds: those tests
# then skip themselves.
set -eu

missing=""
want() { # package, then a program it brings
    command -v "$2" >/dev/null 2>&1 || [ -x "/usr/sbin/$2" ] || missing="$missing $1"
}
want_file() { # package, then a file that it brings
    [ -e "$2" ] || missing="$missing $1"
}
want nsd nsd
want unbound unbound
want dnsperf dnsperf
want postfix postfix
want poppler-utils pdftoppm
want postgresql pg_ctlcluster
want testssl.sh testssl
want_file dovecot-imapd /usr/lib/dovecot/imap
want_file dovecot-pop3d /usr/lib/dovecot/pop3
want iproute2 ip
want openssh-server sshd
want nftables nft
want procps sysctl
want rspamd rspamd
want clamav-daemon clamd
want clamav clamscan
want clamav-freshclam freshclam
want postsrsd postsrsd
want chromium chromium
want_file dns-root-data /usr/share/dns/root.key
want_file postfix-sqlite /usr/lib/postfix/postfix-sqlite.so
want_file postfix-pgsql /usr/lib/postfix/postfix-pgsql.so
want_file dovecot-lmtpd /usr/lib/dovecot/lmtp
want_file dovecot-sqlite /usr/lib/dovecot/modules/libdriver_sqlite.so
want_file dovecot-pgsql /usr/lib/dovecot/modules/libdriver_pgsql.so
want_file dovecot-sieve /usr/lib/dovecot/modules/lib90_sieve_plugin.so

if [ -z "$missing" ]; then
    echo "install_servers: everything is here"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "install_servers: not root, skipped:$missing (the tests that want them will skip)"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "install_servers: no apt-get here, skipped:$missing (the tests that want them will skip)"
    exit 0
fi

# Debian's packages start their daemons when installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections 2>/dev/null || true
install() {
    # shellcheck disable=SC2086 # the list is split on purpose
    apt-get install -y -q --no-install-recommends $missing
}
log=$(mktemp)
if install >"$log" 2>&1 || { apt-get update -q >>"$log" 2>&1 && install >>"$log" 2>&1; }; then
    echo "install_servers: installed$missing"
else
    tail -n 5 "$log"
    echo "install_servers: apt could not bring:$missing (the tests that want them will skip)"
fi
rm -f "$log"
