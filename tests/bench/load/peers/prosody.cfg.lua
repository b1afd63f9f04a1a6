-- Prosody for the benchmark; @NAMES@ are filled in by run.ts.
run_as_root = true
pidfile = "@DIR@/server.pid"
data_path = "@DIR@/data"
daemonize = false
log = { warn = "@DIR@/server.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = { @TLSPORT@ }
s2s_ports = {}
modules_disabled = { "s2s" }
network_backend = "epoll"
@GC@
modules_enabled = {
	"roster", "saslauth", "tls", "disco", "carbons", "pep", "private", "blocklist", "vcard4", "vcard_legacy",
	"version", "uptime", "time", "ping", "register", "smacks", "csi", "offline", "posix",@MAM@
}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
default_iteration_count = 4096 -- the others' number; Prosody's own default is 10000
storage = { "internal"; archive = "sql" }
sql = { driver = "SQLite3", database = "@DIR@/archive.sqlite" }
default_storage = "internal"
default_archive_policy = true
archive_expires_after = "never"
max_archive_query_results = 50
ssl = { key = "@KEY@", certificate = "@CERT@" }

VirtualHost "@DOMAIN@"

Component "conference.@DOMAIN@" "muc"
