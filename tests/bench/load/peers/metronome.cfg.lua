-- The original Metronome for the benchmark; @NAMES@ are filled in by run.ts.
run_as_root = true
pidfile = "@DIR@/server.pid"
data_path = "@DIR@/data"
daemonize = false
no_daemonize = true
log = { { levels = { min = "warn" }, to = "file", filename = "@DIR@/server.log" } }
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_secure_ports = { @TLSPORT@ }
s2s_ports = {}
modules_disabled = { "s2s" }
modules_enabled = {
	"roster", "saslauth", "tls", "disco", "message_carbons", "pep", "private", "privacy", "vcard",
	"version", "uptime", "time", "ping", "register", "stream_management", "stanza_optimizations", "offline", "posix",@MAM@
}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
-- Passwords: internal_plain, its default. internal_hashed (to be set within the VirtualHost) derives the keys of
-- four hashes in Lua: 0.24 s an account.
storage = "internal"
ssl = { key = "@KEY@", certificate = "@CERT@" }

VirtualHost "@DOMAIN@"

Component "conference.@DOMAIN@" "muc"
