/* xload: a light XMPP load generator.
 *
 * One thread, epoll, non-blocking sockets, optional TLS (OpenSSL). It is made to cost much
 * less CPU than the server under test, so that on a small machine the server is what is
 * saturated. Every scenario prints one JSON line on stdout; notes go to stderr.
 *
 * Build: cc -O2 -o xload xload.c -lssl -lcrypto      Use: ./xload help
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define NS 1000000000ull

/* ---------------------------------------------------------------- options */
static const char *o_host = "127.0.0.1", *o_domain = "localhost", *o_prefix = "u";
static const char *o_password = "Bench-Secret-1", *o_mech = "SCRAM-SHA-1", *o_tls = "none";
static const char *o_label = "", *o_muc = NULL, *o_level = "full", *o_to = "bare", *o_steps = "1000,5000,10000";
static int o_port = 5222, o_pid = 0, o_users = 100, o_count = 2000, o_conc = 16, o_pairs = 100, o_window = 1;
static int o_size = 100, o_fan = 100, o_messages = 1000, o_senders = 10, o_first = 0, o_srcs = 1, o_page = 50;
static int o_ws = 0, o_hidden = 0, o_pages = 20, o_sm = 0, o_carbons = 0, o_timeout = 60, o_rounds = 3;
static double o_duration = 8, o_rate = 0, o_warmup = 1, o_settle = 3;

/* ---------------------------------------------------------------- small things */
static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}
static void die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fprintf(stderr, "xload: ");
  vfprintf(stderr, fmt, ap);
  fprintf(stderr, "\n");
  va_end(ap);
  exit(1);
}
static void *xrealloc(void *p, size_t n) {
  p = realloc(p, n ? n : 1);
  if (!p) die("out of memory");
  return p;
}
static double gen_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* The server's CPU seconds (user + system, all threads, all descendants, waited-for children)
 * and resident memory, from /proc. */
typedef struct { int pid, ppid; unsigned long long ticks; long rss_pages; int in; } Proc;
static void server_usage(double *cpu_s, long *rss_kb, int *threads) {
  *cpu_s = 0;
  *rss_kb = 0;
  if (threads) *threads = 0;
  if (!o_pid) return;
  static Proc *ps;
  static int cap;
  int n = 0;
  DIR *d = opendir("/proc");
  struct dirent *e;
  while ((e = readdir(d))) {
    if (!isdigit((unsigned char)e->d_name[0])) continue;
    char path[300], buf[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
    int fd = open(path, O_RDONLY);
    if (fd < 0) continue;
    ssize_t r = read(fd, buf, sizeof buf - 1);
    close(fd);
    if (r <= 0) continue;
    buf[r] = 0;
    char *q = strrchr(buf, ')');
    if (!q) continue;
    Proc p = {0};
    unsigned long long ut, st, cut, cst;
    long rss;
    if (sscanf(q + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d %*u %*u %ld",
               &p.ppid, &ut, &st, &cut, &cst, &rss) != 6) continue;
    p.pid = atoi(e->d_name);
    p.ticks = ut + st + cut + cst;
    p.rss_pages = rss;
    p.in = p.pid == o_pid;
    if (n == cap) ps = xrealloc(ps, sizeof(Proc) * (size_t)(cap = cap ? cap * 2 : 256));
    ps[n++] = p;
  }
  closedir(d);
  for (int again = 1; again;) {
    again = 0;
    for (int i = 0; i < n; i++)
      if (!ps[i].in)
        for (int j = 0; j < n; j++)
          if (ps[j].in && ps[j].pid == ps[i].ppid) { ps[i].in = 1; again = 1; break; }
  }
  unsigned long long t = 0;
  long pages = 0;
  for (int i = 0; i < n; i++)
    if (ps[i].in) { t += ps[i].ticks; pages += ps[i].rss_pages; if (threads) (*threads)++; }
  *cpu_s = (double)t / (double)sysconf(_SC_CLK_TCK);
  *rss_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
}

typedef struct { uint64_t t; double srv, gen; } Snap;
static Snap snap(void) {
  Snap s;
  long rss;
  server_usage(&s.srv, &rss, NULL);
  s.gen = gen_cpu();
  s.t = now_ns();
  return s;
}

/* log-linear histogram of nanoseconds, 32 steps an octave (3 %) */
#define HSUB 64
typedef struct { uint64_t n[64 * HSUB], total, max; } Hist;
static void h_add(Hist *h, uint64_t v) {
  int e = v < HSUB ? 0 : 63 - __builtin_clzll(v) - 5;
  int i = v < HSUB ? (int)v : e * HSUB + (int)(v >> e);
  if (i >= LEN(h->n)) i = LEN(h->n) - 1;
  h->n[i]++;
  h->total++;
  if (v > h->max) h->max = v;
}
static double h_q(const Hist *h, double q) { /* microseconds */
  if (!h->total) return 0;
  uint64_t want = (uint64_t)(q * (double)h->total), seen = 0;
  for (int i = 0; i < LEN(h->n); i++) {
    seen += h->n[i];
    if (seen > want) {
      if (i < HSUB) return i / 1e3;
      int e = i / HSUB;
      uint64_t m = (uint64_t)(i - e * HSUB);
      return (double)(m << e) / 1e3;
    }
  }
  return (double)h->max / 1e3;
}

/* ---------------------------------------------------------------- connections */
enum { C_FREE, C_CONNECT, C_HANDSHAKE, C_UPGRADE, C_STREAM, C_STARTTLS, C_AUTH, C_BIND, C_SM, C_READYING, C_REG, C_READY, C_CLOSING };
typedef struct { char salt[128]; int iter, ok; unsigned char client[20], stored[20], server[20]; char token[64]; } Keys;
typedef struct {
  int fd, st, user, slot;
  SSL *ssl;
  char *ib, *ob;
  int il, ic, ol, oo, oc;
  unsigned char dirty, wantout, authed, secure, doreg, gone, is_pub;
  char *nonce, *authmsg; /* during SCRAM */
  char *jid;
  char *to; /* chat partner */
  uint64_t t0;
  uint32_t sm_in, sm_out;
  uint64_t last; /* stamp of the last delivery */
  int next, count; /* scenario use */
} Conn;

static Conn *conns;
static int nconns;
static Keys *keys;
static int nkeys;
static int ep;
static SSL_CTX *ctx;
static Conn **dirty;
static int ndirty, dirtycap;
static uint64_t g_errors, g_lost, g_rx_bytes, g_rx_stanzas, g_last_rx;
static char g_first_error[200];

static int n_ready, n_failed, n_closed, n_registered;
static Hist login_hist;
static int g_login_full = 1, g_caps = 0;
static void (*on_stanza)(Conn *, const char *name, int namelen, char *p, int n);
static void (*on_ready)(Conn *);
static void (*on_closed)(Conn *);

static void note_error(const char *what, const char *p, int n) {
  g_errors++;
  if (!g_first_error[0]) {
    snprintf(g_first_error, sizeof g_first_error, "%s: %.*s", what, n > 150 ? 150 : n, p ? p : "");
    for (char *q = g_first_error; *q; q++) if (*q == '"' || *q == '\\' || (unsigned char)*q < 32) *q = '\'';
    fprintf(stderr, "xload: first error: %s\n", g_first_error);
  }
}
static void mark(Conn *c) {
  if (c->dirty) return;
  c->dirty = 1;
  if (ndirty == dirtycap) dirty = xrealloc(dirty, sizeof(Conn *) * (size_t)(dirtycap = dirtycap ? dirtycap * 2 : 1024));
  dirty[ndirty++] = c;
}
static void put_raw(Conn *c, const char *p, int n) {
  if (c->fd < 0) return;
  if (c->ol + n > c->oc) {
    c->oc = (c->ol + n) * 2;
    c->ob = xrealloc(c->ob, (size_t)c->oc);
  }
  memcpy(c->ob + c->ol, p, (size_t)n);
  c->ol += n;
  mark(c);
}
/* One text or control frame (RFC 6455), masked as a client must; the key is always the same. */
static void put_frame(Conn *c, int opcode, const char *p, int n, const char *ns, int at) {
  static const unsigned char key[4] = {0x5a, 0xc3, 0x1f, 0x88};
  char buf[16384];
  int nl = (int)strlen(ns), len = n + nl, h = 2;
  if (len + 8 > (int)sizeof buf) die("stanza too long");
  buf[0] = (char)(0x80 | opcode);
  if (len < 126) buf[1] = (char)(0x80 | len);
  else { buf[1] = (char)(0x80 | 126); buf[2] = (char)(len >> 8); buf[3] = (char)len; h = 4; }
  memcpy(buf + h, key, 4);
  char *q = buf + h + 4;
  memcpy(q, p, (size_t)at);
  memcpy(q + at, ns, (size_t)nl);
  memcpy(q + at + nl, p + at, (size_t)(n - at));
  for (int i = 0; i < len; i++) q[i] ^= (char)key[i & 3];
  put_raw(c, buf, h + 4 + len);
}
/* A whole element; over WebSocket in a frame of its own, with its namespace (RFC 7395). */
static void put(Conn *c, const char *p, int n) {
  if (!o_ws) { put_raw(c, p, n); return; }
  int at = n > 3 && !memcmp(p, "<iq", 3) ? 3 : n > 8 && !memcmp(p, "<message", 8) ? 8 : n > 9 && !memcmp(p, "<presence", 9) ? 9 : 0;
  put_frame(c, 1, p, n, at ? " xmlns='jabber:client'" : "", at);
}
static void putf(Conn *c, const char *fmt, ...) {
  char buf[8192];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(buf, sizeof buf, fmt, ap);
  va_end(ap);
  if (n >= (int)sizeof buf) die("stanza too long");
  put(c, buf, n);
}
static void want_out(Conn *c, int on) {
  if (c->wantout == on) return;
  c->wantout = (unsigned char)on;
  struct epoll_event ev = {.events = EPOLLIN | (on ? EPOLLOUT : 0), .data.u32 = (uint32_t)(c - conns)};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}
static void conn_close(Conn *c, int lost) {
  if (c->fd < 0) return;
  if (c->ssl) { SSL_free(c->ssl); c->ssl = NULL; }
  close(c->fd);
  c->fd = -1;
  if (lost) {
    if (c->st == C_READY) g_lost++;
    else n_failed++;
  }
  c->st = C_FREE;
  c->il = c->ol = c->oo = 0;
  free(c->ib); c->ib = NULL; c->ic = 0;
  free(c->ob); c->ob = NULL; c->oc = 0;
  free(c->nonce); c->nonce = NULL;
  free(c->authmsg); c->authmsg = NULL;
  n_closed++;
  if (on_closed) on_closed(c);
}
static void flush_conn(Conn *c) {
  while (c->oo < c->ol && c->fd >= 0) {
    ssize_t r;
    if (c->secure) {
      int k = SSL_write(c->ssl, c->ob + c->oo, c->ol - c->oo);
      if (k <= 0) {
        int e = SSL_get_error(c->ssl, k);
        if (e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ) { want_out(c, e == SSL_ERROR_WANT_WRITE); return; }
        note_error("tls write", NULL, 0);
        conn_close(c, 1);
        return;
      }
      r = k;
    } else {
      r = send(c->fd, c->ob + c->oo, (size_t)(c->ol - c->oo), MSG_NOSIGNAL);
      if (r < 0) {
        if (errno == EAGAIN) { want_out(c, 1); return; }
        note_error("send", strerror(errno), (int)strlen(strerror(errno)));
        conn_close(c, 1);
        return;
      }
    }
    c->oo += (int)r;
  }
  c->oo = c->ol = 0;
  if (c->fd >= 0) want_out(c, 0);
}
static void flush_all(void) {
  for (int i = 0; i < ndirty; i++) {
    Conn *c = dirty[i];
    c->dirty = 0;
    if (c->fd >= 0 && c->st != C_CONNECT && c->st != C_HANDSHAKE && !c->wantout) flush_conn(c);
  }
  ndirty = 0;
}

static void auth_start(Conn *c);
static void become_ready(Conn *c);
static int g_quick = 0, g_tls_only = 0;
static void open_stream(Conn *c) {
  c->il = 0;
  c->st = C_STREAM;
  if (o_ws) putf(c, "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' to='%s'/>", o_domain);
  else putf(c, "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='%s'>", o_domain);
  /* what it will be offered is known from the last time: no need to wait for it */
  if (g_quick && !c->doreg && (c->secure || strcmp(o_tls, "starttls"))) auth_start(c);
}
/* The stream; or what comes before it over WebSocket. */
static void begin(Conn *c) {
  if (!o_ws) { open_stream(c); return; }
  char buf[400];
  int n = snprintf(buf, sizeof buf, "GET /xmpp-websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eGxvYWQgeGxvYWQgeGxvYQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n", o_domain);
  c->st = C_UPGRADE;
  put_raw(c, buf, n);
}
static void start_tls(Conn *c) {
  c->ssl = SSL_new(ctx);
  SSL_set_fd(c->ssl, c->fd);
  SSL_set_tlsext_host_name(c->ssl, o_domain);
  SSL_set_connect_state(c->ssl);
  c->st = C_HANDSHAKE;
}
static void tls_step(Conn *c) {
  int r = SSL_do_handshake(c->ssl);
  if (r == 1) {
    c->secure = 1;
    want_out(c, 0);
    if (g_tls_only) become_ready(c);
    else begin(c);
    return;
  }
  int e = SSL_get_error(c->ssl, r);
  if (e == SSL_ERROR_WANT_READ) want_out(c, 0);
  else if (e == SSL_ERROR_WANT_WRITE) want_out(c, 1);
  else {
    const char *s = ERR_reason_error_string(ERR_get_error());
    note_error("tls handshake", s, s ? (int)strlen(s) : 0);
    conn_close(c, 1);
  }
}
static void conn_start(Conn *c, int user) {
  static unsigned src;
  c->user = user;
  c->authed = c->secure = c->dirty = c->wantout = c->gone = 0;
  c->t0 = now_ns();
  c->sm_in = c->sm_out = 0;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket: %s", strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (o_srcs > 1) { /* spread over 127.0.0.1 .. 127.0.0.N */
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in s = {.sin_family = AF_INET};
    s.sin_addr.s_addr = htonl(0x7f000001u + src++ % (unsigned)o_srcs);
    bind(c->fd, (struct sockaddr *)&s, sizeof s);
  }
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o_port)};
  if (inet_pton(AF_INET, o_host, &a.sin_addr) != 1) die("--host takes an IPv4 address");
  if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
    note_error("connect", strerror(errno), (int)strlen(strerror(errno)));
    close(c->fd);
    c->fd = -1;
    c->st = C_FREE;
    n_failed++;
    n_closed++;
    if (on_closed) on_closed(c);
    return;
  }
  c->st = C_CONNECT;
  c->wantout = 1;
  struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.u32 = (uint32_t)(c - conns)};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}
static void conn_bye(Conn *c) {
  if (c->fd < 0) return;
  if (o_ws) put(c, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", 52);
  else put(c, "</stream:stream>", 16);
  c->st = C_CLOSING;
}

/* ---------------------------------------------------------------- XML by eye */
/* Finds text after `mark` up to `end` inside the n bytes at p. */
static char *between(char *p, int n, const char *mark1, char end, int *len) {
  char *q = memmem(p, (size_t)n, mark1, strlen(mark1));
  if (!q) return NULL;
  q += strlen(mark1);
  char *e = memchr(q, end, (size_t)(p + n - q));
  if (!e) return NULL;
  *len = (int)(e - q);
  return q;
}
/* An attribute of the first tag at p. */
static char *attr(char *p, int n, const char *name, int *len) {
  int nl = (int)strlen(name);
  char *end = p + n, *q = p + 1;
  while (q < end && *q != '>') {
    if (isspace((unsigned char)*q) && q + nl + 2 < end && !memcmp(q + 1, name, (size_t)nl) && q[1 + nl] == '=') {
      char quote = q[2 + nl], *v = q + 3 + nl, *e = memchr(v, quote, (size_t)(end - v));
      if (!e) return NULL;
      *len = (int)(e - v);
      return v;
    }
    if (*q == '\'' || *q == '"') {
      char *e = memchr(q + 1, *q, (size_t)(end - q - 1));
      if (!e) return NULL;
      q = e;
    }
    q++;
  }
  return NULL;
}
static int attr_is(char *p, int n, const char *name, const char *want) {
  int l;
  char *v = attr(p, n, name, &l);
  return v && l == (int)strlen(want) && !memcmp(v, want, (size_t)l);
}
/* One element at p (*p is '<'): its length when complete, 0 when more is needed. */
static int element(const char *p, int n) {
  int depth = 0;
  const char *q = p, *end = p + n;
  for (;;) {
    q = memchr(q, '<', (size_t)(end - q));
    if (!q || q + 1 >= end) return 0;
    int closing = q[1] == '/', last = 0;
    const char *s = q + 1;
    for (;; s++) {
      if (s >= end) return 0;
      if (*s == '>') break;
      if (*s == '"' || *s == '\'') {
        s = memchr(s + 1, *s, (size_t)(end - s - 1));
        if (!s) return 0;
        last = 0;
        continue;
      }
      last = *s;
    }
    q = s + 1;
    if (closing) depth--;
    else if (last != '/') depth++;
    if (depth <= 0) return (int)(q - p);
  }
}

/* ---------------------------------------------------------------- SASL */
static int b64(char *out, const void *in, int n) { return EVP_EncodeBlock((unsigned char *)out, in, n); }
static int unb64(char *out, const char *in, int n) {
  int pad = 0;
  while (pad < 2 && n - pad > 0 && in[n - 1 - pad] == '=') pad++;
  int r = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)in, n);
  return r < 0 ? -1 : r - pad;
}
static void hmac1(const void *k, int kl, const void *d, int dl, unsigned char out[20]) {
  unsigned n = 20;
  HMAC(EVP_sha1(), k, kl, d, (size_t)dl, out, &n);
}
static Keys *keys_of(int user) {
  if (user >= nkeys) {
    int m = user + 1024;
    keys = xrealloc(keys, sizeof(Keys) * (size_t)m);
    memset(keys + nkeys, 0, sizeof(Keys) * (size_t)(m - nkeys));
    nkeys = m;
  }
  return keys + user;
}
/* XEP-0388 with XEP-0484 and XEP-0386: by the password for a token, then by the token; a resource with either. */
static void fast_start(Conn *c, const char *user) {
  Keys *k = keys_of(c->user);
  char raw[300], enc[420];
  int n;
  if (k->token[0]) {
    n = snprintf(raw, 200, "%s", user) + 1;
    unsigned l = 32;
    HMAC(EVP_sha256(), k->token, (int)strlen(k->token), (const unsigned char *)"Initiator", 9, (unsigned char *)raw + n, &l);
    n += 32;
  } else
    n = snprintf(raw, sizeof raw, "%c%s%c%s", 0, user, 0, o_password);
  b64(enc, raw, n);
  putf(c, "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='%s'><initial-response>%s</initial-response>"
          "<user-agent id='d4565fa7-4d72-4749-b3d3-%012x'><software>xload</software></user-agent>%s"
          "<bind xmlns='urn:xmpp:bind:0'><tag>x</tag></bind></authenticate>",
       k->token[0] ? "HT-SHA-256-NONE" : "PLAIN", enc, c->user,
       k->token[0] ? "<fast xmlns='urn:xmpp:fast:0'/>" : "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>");
}
static void auth_start(Conn *c) {
  char user[64], raw[300], enc[420];
  snprintf(user, sizeof user, "%s%d", o_prefix, c->user);
  c->st = C_AUTH;
  if (!strncmp(o_mech, "FAST", 4)) { fast_start(c, user); return; }
  if (!strcmp(o_mech, "PLAIN")) {
    int n = snprintf(raw, sizeof raw, "%c%s%c%s", 0, user, 0, o_password);
    b64(enc, raw, n);
    putf(c, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", enc);
    return;
  }
  unsigned char rnd[15];
  RAND_bytes(rnd, sizeof rnd);
  c->nonce = xrealloc(NULL, 32);
  b64(c->nonce, rnd, sizeof rnd);
  int n = snprintf(raw, sizeof raw, "n,,n=%s,r=%s", user, c->nonce);
  b64(enc, raw, n);
  putf(c, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>%s</auth>", enc);
}
static void auth_challenge(Conn *c, char *p, int n) {
  int l;
  char *v = between(p, n, ">", '<', &l), sf[600];
  if (!v || l > 700 || (l = unb64(sf, v, l)) < 0) { note_error("bad challenge", p, n); conn_close(c, 1); return; }
  sf[l] = 0;
  char *r = strstr(sf, "r="), *s = strstr(sf, ",s="), *i = strstr(sf, ",i=");
  if (!r || !s || !i) { note_error("bad challenge", sf, l); conn_close(c, 1); return; }
  char nonce[300], salt[128], saltraw[128];
  snprintf(nonce, sizeof nonce, "%.*s", (int)(strcspn(r + 2, ",")), r + 2);
  snprintf(salt, sizeof salt, "%.*s", (int)(strcspn(s + 3, ",")), s + 3);
  int iter = atoi(i + 3);
  if (strncmp(nonce, c->nonce, strlen(c->nonce))) { note_error("bad server nonce", nonce, (int)strlen(nonce)); conn_close(c, 1); return; }
  Keys *k = keys_of(c->user); /* the costly derivation is done once a user, as clients may do */
  if (!k->ok || k->iter != iter || strcmp(k->salt, salt)) {
    unsigned char salted[20];
    int sl = unb64(saltraw, salt, (int)strlen(salt));
    if (sl < 0) { note_error("bad salt", salt, (int)strlen(salt)); conn_close(c, 1); return; }
    PKCS5_PBKDF2_HMAC(o_password, (int)strlen(o_password), (unsigned char *)saltraw, sl, iter, EVP_sha1(), 20, salted);
    hmac1(salted, 20, "Client Key", 10, k->client);
    hmac1(salted, 20, "Server Key", 10, k->server);
    EVP_Digest(k->client, 20, k->stored, NULL, EVP_sha1(), NULL);
    k->iter = iter;
    k->ok = strlen(salt) < sizeof k->salt;
    if (k->ok) strcpy(k->salt, salt);
  }
  char msg[1500], fin[600], proof64[40], enc[900];
  int m = snprintf(msg, sizeof msg, "n=%s%d,r=%s,%s,c=biws,r=%s", o_prefix, c->user, c->nonce, sf, nonce);
  unsigned char sig[20];
  hmac1(k->stored, 20, msg, m, sig);
  for (int j = 0; j < 20; j++) sig[j] ^= k->client[j];
  b64(proof64, sig, 20);
  int f = snprintf(fin, sizeof fin, "c=biws,r=%s,p=%s", nonce, proof64);
  b64(enc, fin, f);
  free(c->authmsg);
  c->authmsg = strdup(msg);
  putf(c, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</response>", enc);
}
static int auth_success_ok(Conn *c, char *p, int n) { /* the server's own proof */
  if (!c->authmsg) return 1;
  int l;
  char *v = between(p, n, ">", '<', &l), raw[300], want[40];
  if (!v || l < 4 || l > 380 || (l = unb64(raw, v, l)) < 3) return 0;
  raw[l] = 0;
  unsigned char sig[20];
  hmac1(keys[c->user].server, 20, c->authmsg, (int)strlen(c->authmsg), sig);
  b64(want, sig, 20);
  return !strcmp(raw + 2, want);
}

/* ---------------------------------------------------------------- session set-up */
/* Entity capabilities (XEP-0115): what a subscriber of a PEP node shows. */
#define PEP_NODE "urn:xload:tune"
static const char *cap_features[] = {"http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info",
                                     "jabber:iq:version", "urn:xload:tune+notify", "urn:xmpp:ping"};
static char cap_ver[40], cap_info[1000];
static void caps_init(void) {
  char s[600] = "client/pc//xload<";
  strcpy(cap_info, "<identity category='client' type='pc' name='xload'/>");
  for (int i = 0; i < LEN(cap_features); i++) {
    strcat(s, cap_features[i]);
    strcat(s, "<");
    sprintf(cap_info + strlen(cap_info), "<feature var='%s'/>", cap_features[i]);
  }
  unsigned char d[20];
  EVP_Digest(s, strlen(s), d, NULL, EVP_sha1(), NULL);
  b64(cap_ver, d, 20);
}
static void send_presence(Conn *c, int notify, const char *inner) {
  if (notify)
    putf(c, "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:xload' ver='%s'/>%s</presence>", cap_ver, inner);
  else
    putf(c, "<presence>%s</presence>", inner);
}
static void become_ready(Conn *c) {
  c->st = C_READY;
  n_ready++;
  h_add(&login_hist, now_ns() - c->t0);
  if (on_ready) on_ready(c);
}
static void after_bind(Conn *c) {
  if (!g_login_full) { become_ready(c); return; }
  if (o_carbons) putf(c, "<iq type='set' id='cc'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  /* what a client does: roster, presence; a ping afterwards tells that all was taken in */
  put(c, "<iq type='get' id='ro'><query xmlns='jabber:iq:roster'/></iq>", 61);
  send_presence(c, g_caps && !c->is_pub, "");
  putf(c, "<iq type='get' id='rdy' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", o_domain);
  c->st = C_READYING;
}
static void answer_iq(Conn *c, char *p, int n) {
  int il, fl, nl;
  char *id = attr(p, n, "id", &il), *from = attr(p, n, "from", &fl);
  int get = attr_is(p, n, "type", "get");
  if (!get && !attr_is(p, n, "type", "set")) return;
  if (!id) return;
  char to[300] = "";
  if (from) snprintf(to, sizeof to, " to='%.*s'", fl, from);
  if (get && memmem(p, (size_t)n, "protocol/disco#info", 19)) {
    char *q = memmem(p, (size_t)n, "<query", 6), node[300] = "";
    char *v = q ? attr(q, n - (int)(q - p), "node", &nl) : NULL;
    if (v) snprintf(node, sizeof node, " node='%.*s'", nl, v);
    putf(c, "<iq type='result' id='%.*s'%s><query xmlns='http://jabber.org/protocol/disco#info'%s>%s</query></iq>", il, id, to, node, cap_info);
  } else if (get && !memmem(p, (size_t)n, "urn:xmpp:ping", 13)) {
    putf(c, "<iq type='error' id='%.*s'%s><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", il, id, to);
  } else
    putf(c, "<iq type='result' id='%.*s'%s/>", il, id, to);
}
static void setup_stanza(Conn *c, const char *name, int nl, char *p, int n) {
#define IS(s) (nl == (int)sizeof(s) - 1 && !memcmp(name, s, sizeof(s) - 1))
  if (IS("stream:features") || IS("features")) {
    if (c->st != C_STREAM) return;
    if (!c->secure && !strcmp(o_tls, "starttls")) {
      c->st = C_STARTTLS;
      put(c, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", 51);
    } else if (c->doreg) {
      c->st = C_REG;
      putf(c, "<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>%s%d</username><password>%s</password></query></iq>", o_prefix, c->user, o_password);
    } else if (!c->authed)
      auth_start(c);
    else {
      c->st = C_BIND;
      put(c, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>", 103);
    }
    return;
  }
  if (IS("proceed") && c->st == C_STARTTLS) { start_tls(c); return; }
  if (c->st == C_AUTH) {
    if (IS("challenge")) { auth_challenge(c, p, n); return; }
    if (IS("success") && !strncmp(o_mech, "FAST", 4)) {
      int l;
      char *jid = between(p, n, "<authorization-identifier>", '<', &l);
      if (!jid || !memmem(p, (size_t)n, "<bound", 6)) { note_error("no resource", p, n); conn_close(c, 1); return; }
      free(c->jid);
      c->jid = strndup(jid, (size_t)l);
      char *token = between(p, n, " token=\"", '"', &l);
      Keys *k = keys_of(c->user);
      if (token && l < (int)sizeof k->token) snprintf(k->token, sizeof k->token, "%.*s", l, token);
      after_bind(c);
      return;
    }
    if (IS("success")) {
      if (!auth_success_ok(c, p, n)) { note_error("server's SCRAM proof is wrong", p, n); conn_close(c, 1); return; }
      free(c->nonce); c->nonce = NULL;
      free(c->authmsg); c->authmsg = NULL;
      c->authed = 1;
      open_stream(c);
      return;
    }
    note_error("auth", p, n);
    conn_close(c, 1);
    return;
  }
  if (IS("iq")) {
    if (c->st == C_REG) {
      if (attr_is(p, n, "type", "result") || memmem(p, (size_t)n, "<conflict", 9)) n_registered++;
      else note_error("register", p, n);
      conn_bye(c);
      return;
    }
    if (c->st == C_BIND && attr_is(p, n, "id", "b")) {
      int l;
      char *j = between(p, n, "<jid>", '<', &l);
      if (!j) { note_error("bind", p, n); conn_close(c, 1); return; }
      free(c->jid);
      c->jid = strndup(j, (size_t)l);
      if (o_sm) { c->st = C_SM; put(c, "<enable xmlns='urn:xmpp:sm:3'/>", 31); }
      else after_bind(c);
      return;
    }
    if (c->st == C_READYING && attr_is(p, n, "id", "rdy")) { become_ready(c); return; }
    answer_iq(c, p, n);
    return;
  }
  if (c->st == C_SM && (IS("enabled") || IS("failed"))) { after_bind(c); return; }
  if (IS("stream:error") || IS("error")) { note_error("stream error", p, n); conn_close(c, 1); return; }
  if (IS("failure")) { note_error("failure", p, n); conn_close(c, 1); }
}
/* Stream management: what was received is acknowledged on request; what it says of ours is believed. */
static int sm_element(Conn *c, char name) {
  if (name == 'r') putf(c, "<a xmlns='urn:xmpp:sm:3' h='%u'/>", c->sm_in);
  return name == 'r' || name == 'a';
}
static void stanza(Conn *c, char *p, int n) {
  const char *name = p + 1;
  int nl = 0;
  while (nl + 1 < n && name[nl] != ' ' && name[nl] != '>' && name[nl] != '/' && name[nl] != '\n' && name[nl] != '\t') nl++;
  g_rx_stanzas++;
  if (c->st != C_READY) {
    if (c->st == C_READYING && o_sm) {
      if (nl == 1 && sm_element(c, *name)) return;
      c->sm_in++;
    }
    setup_stanza(c, name, nl, p, n);
    return;
  }
  if (nl == 1 && o_sm && sm_element(c, *name)) return;
  c->sm_in++;
  if (nl == 12 && !memcmp(name, "stream:error", 12)) { note_error("stream error", p, n); conn_close(c, 1); return; }
  if (on_stanza) on_stanza(c, name, nl, p, n);
  else if (nl == 2 && name[0] == 'i') answer_iq(c, p, n);
}
/* Cuts complete elements from the bytes at p; returns how many bytes were used. */
static int feed(Conn *c, char *p, int n) {
  int used = 0;
  while (used < n && c->fd >= 0) {
    char *q = p + used;
    int left = n - used;
    if (*q != '<') {
      char *l = memchr(q, '<', (size_t)left);
      if (!l) return n;
      used += (int)(l - q);
      continue;
    }
    if (left < 2) break;
    if (q[1] == '?') {
      char *e = memmem(q, (size_t)left, "?>", 2);
      if (!e) break;
      used += (int)(e - q) + 2;
      continue;
    }
    if (q[1] == '/') { /* end of stream */
      if (c->st != C_CLOSING && c->st != C_REG) { conn_close(c, 1); return n; }
      conn_close(c, 0);
      return n;
    }
    if ((left >= 14 && !memcmp(q, "<stream:stream", 14)) || (left >= 8 && !memcmp(q, "<stream ", 8))) {
      char *e = memchr(q, '>', (size_t)left);
      if (!e) break;
      used += (int)(e - q) + 1;
      continue;
    }
    if (left < 14 && !memcmp(q, "<stream:stream", (size_t)left)) break;
    int k = element(q, left);
    if (!k) break;
    used += k;
    int hs = c->st;
    stanza(c, q, k);
    if (hs != c->st && (c->st == C_HANDSHAKE || (hs == C_AUTH && c->st == C_STREAM))) return n; /* stream starts anew */
  }
  return used;
}
/* The same for frames; a server's are not masked. */
static int feed_frames(Conn *c, char *p, int n) {
  int used = 0;
  if (c->st == C_UPGRADE) {
    char *e = memmem(p, (size_t)n, "\r\n\r\n", 4);
    if (!e) return 0;
    if (memcmp(p, "HTTP/1.1 101", 12)) { note_error("upgrade", p, n); conn_close(c, 1); return n; }
    used = (int)(e - p) + 4;
    open_stream(c);
  }
  while (n - used >= 2 && c->fd >= 0) {
    unsigned char *q = (unsigned char *)p + used;
    int op = q[0] & 15, len = q[1] & 127, h = 2;
    if (len == 126) { if (n - used < 4) break; len = q[2] << 8 | q[3]; h = 4; }
    else if (len == 127) { if (n - used < 10) break; len = (int)((unsigned)q[6] << 24 | q[7] << 16 | q[8] << 8 | q[9]); h = 10; }
    if (n - used < h + len) break;
    char *body = (char *)q + h;
    used += h + len;
    if (op == 1 && len > 6 && !memcmp(body, "<close", 6)) { conn_close(c, c->st != C_CLOSING && c->st != C_REG); return n; }
    if (op == 1) feed(c, body, len);
    else if (op == 9) put_frame(c, 10, body, len, "", 0);
    else if (op == 8) { conn_close(c, c->st != C_CLOSING); return n; }
  }
  return used;
}
static char rbuf[256 * 1024];
static void readable(Conn *c) {
  for (int rounds = 0; rounds < 4; rounds++) {
    int room = (int)sizeof rbuf - c->il, r;
    if (room < 4096) die("a stanza larger than %d bytes", (int)sizeof rbuf);
    if (c->il) memcpy(rbuf, c->ib, (size_t)c->il);
    if (c->secure) {
      r = SSL_read(c->ssl, rbuf + c->il, room);
      if (r <= 0) {
        int e = SSL_get_error(c->ssl, r);
        if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) return;
        conn_close(c, c->st != C_CLOSING);
        return;
      }
    } else {
      r = (int)recv(c->fd, rbuf + c->il, (size_t)room, 0);
      if (r < 0 && errno == EAGAIN) return;
      if (r <= 0) { conn_close(c, c->st != C_CLOSING); return; }
    }
    g_rx_bytes += (uint64_t)r;
    g_last_rx = now_ns();
    int n = c->il + r, used = o_ws ? feed_frames(c, rbuf, n) : feed(c, rbuf, n);
    if (c->fd < 0) return;
    if (c->st == C_HANDSHAKE) { c->il = 0; tls_step(c); return; }
    c->il = n - used;
    if (c->il) {
      if (c->il > c->ic) c->ib = xrealloc(c->ib, (size_t)(c->ic = c->il * 2));
      memcpy(c->ib, rbuf + used, (size_t)c->il);
    }
    if (!c->secure && r < room) return; /* drained */
    if (c->secure && !SSL_has_pending(c->ssl)) return;
  }
}

/* One turn of the loop, waiting at most until `until`. */
static void turn(uint64_t until) {
  struct epoll_event ev[512];
  flush_all();
  uint64_t t = now_ns();
  uint64_t w = until > t ? until - t : 0;
  if (w > NS / 10) w = NS / 10;
  struct timespec ts = {(time_t)(w / NS), (long)(w % NS)};
  int n = epoll_pwait2(ep, ev, LEN(ev), &ts, NULL);
  if (n < 0) n = 0;
  for (int i = 0; i < n; i++) {
    Conn *c = conns + ev[i].data.u32;
    if (c->fd < 0) continue;
    if (c->st == C_CONNECT) {
      if (!(ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) continue;
      int e = 0;
      socklen_t l = sizeof e;
      getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
      if (e) { note_error("connect", strerror(e), (int)strlen(strerror(e))); conn_close(c, 1); continue; }
      want_out(c, 0);
      if (!strcmp(o_tls, "direct")) { start_tls(c); tls_step(c); }
      else begin(c);
      continue;
    }
    if (c->st == C_HANDSHAKE) { tls_step(c); continue; }
    if (ev[i].events & EPOLLOUT) flush_conn(c);
    if (c->fd >= 0 && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) readable(c);
  }
  flush_all();
}
static void run_for(double s) {
  uint64_t end = now_ns() + (uint64_t)(s * 1e9);
  while (now_ns() < end) turn(end);
}
/* Until nothing has come in for `quiet` seconds. */
static void drain(double quiet, double most) {
  uint64_t end = now_ns() + (uint64_t)(most * 1e9);
  g_last_rx = now_ns();
  while (now_ns() < end && now_ns() < g_last_rx + (uint64_t)(quiet * 1e9)) turn(now_ns() + NS / 50);
}
static void pool(int n) {
  conns = calloc((size_t)n, sizeof(Conn));
  nconns = n;
  for (int i = 0; i < n; i++) { conns[i].fd = -1; conns[i].slot = i; }
}
/* Logs connections [from, to) in as users first+i, at most o_conc at a time. */
static void connect_range(int from, int to) {
  int next = from, base_ready = n_ready, base_failed = n_failed, target = to - from;
  uint64_t deadline = now_ns() + (uint64_t)o_timeout * NS;
  int seen = 0;
  while (n_ready - base_ready + n_failed - base_failed < target) {
    int done = n_ready - base_ready + n_failed - base_failed;
    if (done != seen) { seen = done; deadline = now_ns() + (uint64_t)o_timeout * NS; }
    if (now_ns() > deadline) die("logins stalled: %d of %d ready, %d failed", n_ready - base_ready, target, n_failed - base_failed);
    while (next < to && next - from - done < o_conc) { conn_start(conns + next, o_first + next); next++; }
    turn(now_ns() + NS / 10);
  }
  if (n_failed > base_failed) die("%d of %d logins failed; first: %s", n_failed - base_failed, target, g_first_error);
}

/* ---------------------------------------------------------------- output */
static void json_open(const char *scenario) {
  printf("{\"scenario\":\"%s\",\"label\":\"%s\",\"tls\":\"%s\"", scenario, o_label, o_tls);
}
static void json_ops(const Snap *a, const Snap *b, double ops, const char *unit) {
  double wall = (double)(b->t - a->t) / 1e9, cpu = b->srv - a->srv, gen = b->gen - a->gen;
  printf(",\"unit\":\"%s\",\"ops\":%.0f,\"wall_s\":%.3f,\"ops_per_s\":%.1f", unit, ops, wall, ops / wall);
  if (o_pid)
    printf(",\"srv_cpu_s\":%.2f,\"cpu_us_per_op\":%.2f,\"srv_cores\":%.2f", cpu, ops > 0 ? cpu * 1e6 / ops : 0, cpu / wall);
  printf(",\"gen_cpu_s\":%.3f,\"gen_cores\":%.2f", gen, gen / wall);
}
static void json_lat(const Hist *h) {
  printf(",\"lat_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"n\":%llu}", h_q(h, .5) / 1e3, h_q(h, .9) / 1e3,
         h_q(h, .99) / 1e3, h_q(h, .999) / 1e3, (double)h->max / 1e6, (unsigned long long)h->total);
}
static void json_close(void) {
  if (o_pid) {
    double cpu;
    long rss;
    server_usage(&cpu, &rss, NULL);
    printf(",\"rss_mb\":%.1f", (double)rss / 1024);
  }
  printf(",\"errors\":%llu,\"lost\":%llu", (unsigned long long)g_errors, (unsigned long long)g_lost);
  if (g_first_error[0]) printf(",\"first_error\":\"%s\"", g_first_error);
  printf("}\n");
  fflush(stdout);
}

/* ---------------------------------------------------------------- scenarios */
static int cyc_next, cyc_total, cyc_done, cyc_busy;
static int cyc_doreg;
static void cyc_start(Conn *c) {
  if (cyc_next >= cyc_total) return;
  c->doreg = (unsigned char)cyc_doreg;
  cyc_busy++;
  int u = cyc_next++;
  conn_start(c, o_first + u % o_users);
}
static void cyc_ready(Conn *c) {
  if (g_tls_only) conn_close(c, 0);
  else conn_bye(c);
}
static void cyc_closed(Conn *c) {
  cyc_done++;
  cyc_busy--;
  c->gone = 1;
}
static void cycle(int total) { /* o_conc connections in turn, each logs in and out */
  cyc_next = cyc_done = cyc_busy = 0;
  cyc_total = total;
  for (int i = 0; i < nconns; i++) conns[i].gone = 1;
  int seen = -1;
  uint64_t deadline = 0;
  while (cyc_done < total) {
    for (int i = 0; i < nconns; i++)
      if (conns[i].gone && conns[i].fd < 0) { conns[i].gone = 0; cyc_start(conns + i); }
    turn(now_ns() + NS / 10);
    if (cyc_done != seen) { seen = cyc_done; deadline = now_ns() + (uint64_t)o_timeout * NS; }
    if (now_ns() > deadline) die("stalled: %d of %d", cyc_done, total);
  }
}
static void sc_register(void) {
  if (o_conc > o_users) o_conc = o_users;
  pool(o_conc);
  cyc_doreg = 1;
  on_closed = cyc_closed;
  Snap a = snap();
  cycle(o_users);
  Snap b = snap();
  json_open("register");
  json_ops(&a, &b, n_registered, "account");
  json_close();
  if (n_registered < o_users) exit(1);
}
static void sc_login(void) {
  if (o_conc * 2 > o_users) o_users = o_conc * 2;
  pool(o_conc);
  on_ready = cyc_ready;
  on_closed = cyc_closed;
  g_login_full = !strcmp(o_level, "full");
  g_tls_only = !strcmp(o_level, "tls");
  if (g_tls_only && strcmp(o_tls, "direct")) die("--level tls goes with --tls direct");
  cycle(o_users); /* warm-up: each account once, which also fills the SCRAM key cache and brings the tokens */
  g_quick = !strcmp(o_mech, "FAST-QUICK");
  memset(&login_hist, 0, sizeof login_hist);
  int r0 = n_ready;
  Snap a = snap();
  cycle(o_count);
  Snap b = snap();
  json_open("login");
  printf(",\"mech\":\"%s\",\"level\":\"%s\",\"concurrency\":%d,\"users\":%d", o_mech, o_level, o_conc, o_users);
  json_ops(&a, &b, n_ready - r0, "login");
  json_lat(&login_hist);
  json_close();
}
/* Memory that logging in and out leaves behind: --rounds times --count logins, and after each the
 * server's memory once it has settled. */
static void sc_churn(void) {
  if (o_conc > o_users) o_conc = o_users;
  pool(o_conc);
  on_ready = cyc_ready;
  on_closed = cyc_closed;
  double cpu;
  long rss0;
  server_usage(&cpu, &rss0, NULL);
  for (int i = 1; i <= o_rounds; i++) {
    int r0 = n_ready;
    Snap a = snap();
    cycle(o_count);
    Snap b = snap();
    run_for(o_settle);
    json_open("churn");
    printf(",\"pass\":%d,\"concurrency\":%d,\"users\":%d,\"rss_before_mb\":%.1f", i, o_conc, o_users, (double)rss0 / 1024);
    json_ops(&a, &b, n_ready - r0, "login");
    json_close();
    if (n_ready - r0 < o_count) exit(1);
  }
}
static void sc_idle(void) {
  int steps[32], ns = 0, most = 0;
  char *s = strdup(o_steps);
  for (char *t = strtok(s, ","); t && ns < LEN(steps); t = strtok(NULL, ",")) { steps[ns] = atoi(t); if (steps[ns] > most) most = steps[ns]; ns++; }
  pool(most);
  double cpu;
  long rss0, rss, rss_last = 0;
  server_usage(&cpu, &rss0, NULL);
  int at = 0;
  for (int i = 0; i < ns; i++) {
    Snap a = snap();
    connect_range(at, steps[i]);
    Snap b = snap();
    int added = steps[i] - at;
    at = steps[i];
    run_for(o_settle);
    Snap c = snap();
    run_for(5);
    Snap d = snap();
    server_usage(&cpu, &rss, NULL);
    json_open("idle");
    /* what a session costs once the server has warmed up */
    if (i > 0) printf(",\"kib_per_further_session\":%.2f", (double)(rss - rss_last) / added);
    rss_last = rss;
    printf(",\"sessions\":%d,\"rss_before_mb\":%.1f,\"kib_per_session\":%.2f,\"idle_cpu_pct\":%.2f", at, (double)rss0 / 1024,
           (double)(rss - rss0) / at, (d.srv - c.srv) * 100 / ((double)(d.t - c.t) / 1e9));
    json_ops(&a, &b, added, "login");
    json_close();
  }
}

/* -- chat */
static char filler[4096];
static Hist lat;
static int measuring, stopping;
static uint64_t n_sent, n_got;
static int stamp_of(char *p, int n, uint64_t *t) { /* the stamp that the bodies carry: >T<nanoseconds> */
  char *q = memmem(p, (size_t)n, ">T", 2);
  if (!q || q + 3 >= p + n || !isdigit((unsigned char)q[2])) return 0;
  uint64_t v = 0;
  for (q += 2; q < p + n && isdigit((unsigned char)*q); q++) v = v * 10 + (uint64_t)(*q - '0');
  *t = v;
  return 1;
}
static void chat_send(Conn *c, uint64_t t) {
  n_sent++;
  putf(c, "<message to='%s' id='%llx' type='chat'><body>T%llu %s</body></message>", c->to, (unsigned long long)n_sent, (unsigned long long)t, filler);
  if (o_sm && ++c->sm_out % (uint32_t)o_sm == 0) putf(c, "<r xmlns='urn:xmpp:sm:3'/>");
}
static void chat_stanza(Conn *c, const char *name, int nl, char *p, int n) {
  if (nl != 7 || memcmp(name, "message", 7)) { if (nl == 2 && name[0] == 'i') answer_iq(c, p, n); return; }
  uint64_t t, now = 0;
  if (attr_is(p, n, "type", "error")) { note_error("message", p, n); return; }
  if (!stamp_of(p, n, &t)) return;
  n_got++;
  if (measuring || o_rate <= 0) now = now_ns();
  if (measuring) h_add(&lat, now > t ? now - t : 0);
  if (o_rate <= 0 && !stopping) chat_send(c, now);
}
static void fill(void) {
  int n = o_size < (int)sizeof filler - 1 ? o_size : (int)sizeof filler - 1;
  n = n > 21 ? n - 21 : 0;
  for (int i = 0; i < n; i++) filler[i] = "the quick brown fox "[i % 20];
}
static void chat_pairs(void) {
  for (int i = 0; i < nconns; i++) {
    Conn *c = conns + i, *d = conns + (i ^ 1);
    c->to = strdup(d->jid);
    if (!strcmp(o_to, "bare")) *strchrnul(c->to, '/') = 0;
  }
}
static void chat_load(double seconds) { /* runs the load for this long */
  uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
  if (o_rate <= 0) { while (now_ns() < end) turn(end); return; }
  static uint64_t due, step, k;
  if (!due) { due = now_ns(); step = (uint64_t)(1e9 / o_rate); }
  else if (due + NS < now_ns()) due = now_ns();
  while (now_ns() < end) {
    uint64_t t = now_ns();
    while (due <= t) { /* the stamp is when it was due: a late generator does not hide the wait */
      chat_send(conns + k % (uint64_t)nconns, due);
      k++;
      due += step;
    }
    turn(due < end ? due : end);
  }
}
static void chat_measure(const char *scenario) {
  fill();
  chat_pairs();
  on_stanza = chat_stanza;
  if (o_rate <= 0)
    for (int i = 0; i < nconns; i += 2)
      for (int w = 0; w < o_window; w++) chat_send(conns + i + (w & 1), now_ns());
  chat_load(o_warmup);
  uint64_t got0 = n_got, sent0 = n_sent;
  Snap a = snap();
  measuring = 1;
  chat_load(o_duration);
  measuring = 0;
  Snap b = snap();
  uint64_t got = n_got - got0, sent = n_sent - sent0;
  stopping = 1;
  drain(0.3, 10);
  json_open(scenario);
  printf(",\"mode\":\"%s\",\"pairs\":%d,\"window\":%d,\"rate\":%.0f,\"size\":%d,\"to\":\"%s\",\"sent\":%llu", o_rate > 0 ? "open" : "closed", o_pairs,
         o_rate > 0 ? 0 : o_window, o_rate, o_size, o_to, (unsigned long long)sent);
  json_ops(&a, &b, (double)got, "message");
  json_lat(&lat);
  printf(",\"undelivered\":%lld", (long long)(n_sent - n_got));
  json_close();
}
static void sc_chat(void) {
  pool(o_pairs * 2);
  connect_range(0, nconns);
  drain(0.3, 20);
  chat_measure("chat");
}

/* -- fan-out: muc, presence, pubsub */
static const char *fan_kind;
static uint64_t fan_dups, fan_since; /* older stamps do not count: leftovers of a probe */
static int fan_first; /* the first connection that counts as a receiver */
static int muc_joined;
static char room[300];
static void fan_stanza(Conn *c, const char *name, int nl, char *p, int n) {
  if (nl == 8 && attr_is(p, n, "type", "subscribe")) {
    int l;
    char *from = attr(p, n, "from", &l), bare[200];
    if (from) {
      snprintf(bare, sizeof bare, "%.*s", l, from);
      *strchrnul(bare, '/') = 0;
      putf(c, "<presence type='subscribed' to='%s'/>", bare);
      if (c->slot == 0) putf(c, "<presence type='subscribe' to='%s'/>", bare); /* both ways, as contacts are */
    }
    return;
  }
  if (nl == 8 && attr_is(p, n, "type", "subscribed")) return;
  if (nl == 8 && fan_kind[0] == 'm' && memmem(p, (size_t)n, "110", 3) && memmem(p, (size_t)n, "muc#user", 8)) {
    if (attr_is(p, n, "type", "error")) { note_error("join", p, n); return; }
    if (!c->count) { c->count = 1; muc_joined++; }
    return;
  }
  if (nl == 2 && name[0] == 'i') {
    if (attr_is(p, n, "type", "result")) return;
    if (attr_is(p, n, "type", "error")) { note_error("iq", p, n); return; }
    answer_iq(c, p, n);
    return;
  }
  if (attr_is(p, n, "type", "error")) { note_error("stanza", p, n); return; }
  uint64_t t;
  if (c->slot < fan_first || !stamp_of(p, n, &t) || t < fan_since) return;
  if (t == c->last) { fan_dups++; return; }
  c->last = t;
  n_got++;
  if (measuring) { uint64_t now = now_ns(); h_add(&lat, now > t ? now - t : 0); }
}
static void fan_send(void) {
  static int k;
  Conn *c = conns;
  unsigned long long t = now_ns();
  n_sent++;
  switch (fan_kind[0] == 'm' ? 0 : fan_kind[1] == 'r' ? 1 : 2) {
    case 0:
      c = conns + k++ % o_senders;
      putf(c, "<message to='%s' id='%llx' type='groupchat'><body>T%llu %s</body></message>", room, (unsigned long long)n_sent, t, filler);
      break;
    case 1: {
      char s[80];
      snprintf(s, sizeof s, "<show>%s</show><status>T%llu</status>", k++ & 1 ? "away" : "chat", t);
      send_presence(c, 0, s);
      break;
    }
    default:
      putf(c, "<iq type='set' id='p%llx'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" PEP_NODE "'>"
              "<item id='current'><tune xmlns='urn:xload:tune'>T%llu %s</tune></item></publish></pubsub></iq>", (unsigned long long)n_sent, t, filler);
  }
}
static void fan_measure(int receivers) {
  /* probe until all receive, so that a half-made roster or an unknown capability is seen */
  uint64_t t_end = now_ns() + (uint64_t)o_timeout * NS;
  int probes = 0, asked = receivers, same = 0;
  uint64_t before = 0;
  for (;;) {
    n_got = 0;
    fan_since = now_ns();
    fan_send();
    probes++;
    uint64_t e = now_ns() + 2 * NS;
    while (n_got < (uint64_t)receivers && now_ns() < e) turn(e);
    if (n_got >= (uint64_t)receivers) break;
    same = n_got == before ? same + 1 : 0;
    before = n_got;
    if (same >= 5 && n_got >= (uint64_t)asked / 2) { receivers = (int)n_got; break; } /* some servers leave a few out for good */
    fprintf(stderr, "xload: %s: probe reached %llu of %d\n", fan_kind, (unsigned long long)n_got, receivers);
    if (now_ns() > t_end || (g_errors && !n_got)) die("%s: only %llu of %d receive; first error: %s", fan_kind, (unsigned long long)n_got, receivers, g_first_error);
  }
  drain(0.3, 10);
  n_sent = n_got = fan_dups = 0;
  fan_since = now_ns();
  int warm = o_messages / 10 + 1;
  Snap a = {0};
  uint64_t last = now_ns(), seen = 0, got0 = 0, due = last;
  int stalled = 0;
  for (;;) {
    while (n_sent < (uint64_t)(warm + o_messages) && now_ns() >= due && (n_sent - n_got / (uint64_t)receivers) < (uint64_t)o_window) {
      if (n_sent == (uint64_t)warm && !measuring) { a = snap(); measuring = 1; got0 = n_got; }
      fan_send();
      if (o_rate > 0) due += (uint64_t)(NS / o_rate);
    }
    if (n_got >= (uint64_t)(warm + o_messages) * (uint64_t)receivers) break;
    turn(now_ns() + NS / 10);
    if (n_got != seen) { seen = n_got; last = now_ns(); }
    if (now_ns() > last + 15 * NS) { stalled = 1; note_error("deliveries stalled", NULL, 0); break; }
  }
  Snap b = snap();
  measuring = 0;
  json_open(fan_kind);
  printf(",\"receivers\":%d,\"asked\":%d,\"messages\":%d,\"window\":%d,\"size\":%d,\"stalled\":%d,\"probes\":%d,\"duplicates\":%llu", receivers, asked, o_messages, o_window, o_size, stalled, probes, (unsigned long long)fan_dups);
  json_ops(&a, &b, (double)(n_got - got0), "delivery");
  json_lat(&lat);
  json_close();
}
static void sc_muc(void) {
  fan_kind = "muc";
  fill();
  if (o_senders > o_fan) o_senders = o_fan;
  pool(o_fan);
  connect_range(0, nconns);
  drain(0.3, 20);
  on_stanza = fan_stanza;
  char def[200];
  snprintf(def, sizeof def, "conference.%s", o_domain);
  snprintf(room, sizeof room, "bench%llx@%s", (unsigned long long)time(NULL), o_muc ? o_muc : def);
  Snap a = snap();
  uint64_t st0 = 0;
  for (int i = 0; i < nconns; i++) {
    putf(conns + i, "<presence to='%s/n%d'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>", room, i);
    uint64_t e = now_ns() + (uint64_t)o_timeout * NS;
    /* the first makes the room; then o_conc joins at a time */
    while (muc_joined < (i == 0 ? 1 : i + 1 - o_conc) && now_ns() < e && !(g_errors && !muc_joined)) turn(e);
    if (i == 0) {
      if (!muc_joined) die("muc: the room could not be made; first error: %s", g_first_error);
      putf(conns, "<iq type='set' id='cfg' to='%s'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>%s</x></query></iq>", room, o_hidden ?
        "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field><field var='muc#roomconfig_presencebroadcast'/>" : "");
      drain(0.3, 5);
      st0 = g_rx_stanzas;
      a = snap();
    }
  }
  uint64_t e = now_ns() + (uint64_t)o_timeout * NS;
  while (muc_joined < nconns && now_ns() < e) turn(e);
  if (muc_joined < nconns) die("muc: %d of %d joined; first error: %s", muc_joined, nconns, g_first_error);
  Snap b = snap();
  drain(0.3, 30);
  json_open("muc_join");
  printf(",\"occupants\":%d,\"stanzas_out\":%llu", nconns, (unsigned long long)(g_rx_stanzas - st0));
  b.srv = snap().srv;
  json_ops(&a, &b, nconns - 1, "join");
  json_close();
  fan_measure(nconns);
}
/* Connection 0 is the owner; it and each of the others are subscribed to one another. */
static void rosters(void) {
  char bare[200];
  snprintf(bare, sizeof bare, "%s", conns[0].jid);
  *strchrnul(bare, '/') = 0;
  for (int i = 1; i < nconns; i++) {
    putf(conns + i, "<presence type='subscribe' to='%s'/>", bare);
    if (i % 20 == 0) drain(0.02, 10);
  }
  drain(0.5, 30);
}
static void sc_presence(void) {
  fan_kind = "presence";
  fan_first = 1;
  pool(o_fan + 1);
  on_stanza = fan_stanza;
  connect_range(0, 1);
  connect_range(1, nconns);
  drain(0.3, 20);
  rosters();
  fan_measure(o_fan);
}
static void sc_pubsub(void) {
  fan_kind = "pubsub";
  fan_first = 1;
  fill();
  caps_init();
  g_caps = 1;
  pool(o_fan + 1);
  conns[0].is_pub = 1;
  on_stanza = fan_stanza;
  connect_range(0, 1); /* the owner first: it has to see the others' capabilities */
  connect_range(1, nconns);
  drain(0.5, 20);
  rosters();
  fan_measure(o_fan);
}

/* -- mam */
static uint64_t mam_results;
static int mam_pages_done, mam_live, mam_mode;
static void mam_query(Conn *c, const char *after, int al) {
  c->next++;
  c->t0 = now_ns();
  putf(c, "<iq type='set' id='m%d'><query xmlns='urn:xmpp:mam:2' queryid='q%d'><set xmlns='http://jabber.org/protocol/rsm'>"
          "<max>%d</max>", c->next, c->next, o_page);
  if (mam_mode == 0) put(c, "<before/>", 9);
  else if (after) putf(c, "<after>%.*s</after>", al, after);
  put(c, "</set></query></iq>", 19);
}
static void mam_stanza(Conn *c, const char *name, int nl, char *p, int n) {
  if (nl == 7 && !memcmp(name, "message", 7)) {
    if (memmem(p, (size_t)n, "<result", 7)) mam_results++;
    return;
  }
  if (nl != 2) return;
  if (attr_is(p, n, "type", "error")) { note_error("mam", p, n); mam_live--; return; }
  int l, k;
  char *id = attr(p, n, "id", &l);
  if (!id || *id != 'm') { answer_iq(c, p, n); return; }
  mam_pages_done++;
  h_add(&lat, now_ns() - c->t0);
  int complete = memmem(p, (size_t)n, "complete='true'", 15) || memmem(p, (size_t)n, "complete=\"true\"", 15);
  char *last = between(p, n, "<last>", '<', &k);
  if (++c->count >= o_pages || (mam_mode == 1 && (complete || !last))) { mam_live--; return; }
  mam_query(c, last, last ? k : 0);
}
static void sc_mam(void) {
  pool(o_pairs * 2);
  connect_range(0, nconns);
  for (int i = 0; i < nconns; i++) /* where archiving is not everybody's default */
    putf(conns + i, "<iq type='set' id='prefs'><prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs></iq>");
  drain(0.3, 20);
  chat_measure("mam_chat");
  drain(0.5, 10);
  int most = o_conc < nconns ? o_conc : nconns;
  for (mam_mode = 0; mam_mode < 2; mam_mode++) {
    on_stanza = mam_stanza;
    memset(&lat, 0, sizeof lat);
    mam_results = 0;
    mam_pages_done = 0;
    int next = 0, seen = -1;
    uint64_t deadline = 0;
    mam_live = 0;
    for (int i = 0; i < nconns; i++) conns[i].count = 0;
    int clients = nconns < 40 ? nconns : 40;
    Snap a = snap();
    while (next < clients || mam_live > 0) {
      while (next < clients && mam_live < most) { mam_live++; mam_query(conns + next++, NULL, 0); }
      turn(now_ns() + NS / 10);
      if (mam_pages_done != seen) { seen = mam_pages_done; deadline = now_ns() + (uint64_t)o_timeout * NS; }
      if (now_ns() > deadline) { note_error("archive pages stalled", NULL, 0); break; }
    }
    Snap b = snap();
    json_open(mam_mode == 0 ? "mam_latest" : "mam_paging");
    printf(",\"page\":%d,\"results\":%llu,\"clients\":%d", o_page, (unsigned long long)mam_results, clients);
    json_ops(&a, &b, mam_pages_done, "page");
    json_lat(&lat);
    json_close();
  }
}

/* -- usage: what the server process costs at rest */
static void sc_usage(void) {
  Snap a = snap();
  struct timespec ts = {(time_t)o_duration, 0};
  nanosleep(&ts, NULL);
  Snap b = snap();
  json_open("usage");
  printf(",\"idle_cpu_pct\":%.3f", (b.srv - a.srv) * 100 / ((double)(b.t - a.t) / 1e9));
  json_close();
}

/* ---------------------------------------------------------------- main */
static const struct { const char *name; void (*f)(void); const char *what; } scenarios[] = {
    {"register", sc_register, "make accounts by in-band registration (--users, --conc)"},
    {"login", sc_login, "log in and out (--count, --users, --conc, --mech, --level full|bind|tls)"},
    {"churn", sc_churn, "memory after each of --rounds times --count logins and logouts (--users, --conc)"},
    {"idle", sc_idle, "connected idle sessions, memory at each of --steps 1000,5000,10000"},
    {"chat", sc_chat, "1:1 messages (--pairs, --window or --rate, --size, --duration, --to bare|full)"},
    {"muc", sc_muc, "one room (--fan occupants, --messages, --senders, --window, --muc host)"},
    {"presence", sc_presence, "one contact's presence to --fan subscribers (--messages, --window)"},
    {"pubsub", sc_pubsub, "PEP node to --fan +notify subscribers (--messages, --window)"},
    {"mam", sc_mam, "chat with the archive on, then latest-page and paging queries (--pairs, --page, --pages)"},
    {"usage", sc_usage, "memory and CPU of --pid at rest (--duration)"}};
static const struct { const char *name; char kind; void *to; const char *what; } opts[] = {
    {"host", 's', &o_host, "IPv4 address (127.0.0.1)"}, {"port", 'i', &o_port, "5222"}, {"domain", 's', &o_domain, "localhost"},
    {"pid", 'i', &o_pid, "server's process: CPU and memory of it and its descendants"}, {"tls", 's', &o_tls, "none | starttls | direct"},
    {"ws", 'i', &o_ws, "1: over WebSocket; --port is that of HTTP, or of HTTPS with --tls direct"},
    {"mech", 's', &o_mech, "SCRAM-SHA-1 | PLAIN | FAST: SASL2, a token, Bind 2 | FAST-QUICK: without waiting for features"}, {"prefix", 's', &o_prefix, "account names are PREFIX0, PREFIX1, ... (u)"},
    {"password", 's', &o_password, "of all accounts"}, {"first", 'i', &o_first, "number of the first account (0)"},
    {"users", 'i', &o_users, "100"}, {"count", 'i', &o_count, "2000"}, {"conc", 'i', &o_conc, "at a time (16)"}, {"level", 's', &o_level, "full | bind | tls: the handshake only"},
    {"rounds", 'i', &o_rounds, "of churn (3)"},
    {"steps", 's', &o_steps, "1000,5000,10000"}, {"settle", 'f', &o_settle, "seconds before memory is read (3)"},
    {"pairs", 'i', &o_pairs, "100"}, {"window", 'i', &o_window, "in flight, a pair or in all for fan-outs (1)"},
    {"rate", 'f', &o_rate, "messages/s, open loop (fan-outs: at most); 0: closed loop"}, {"size", 'i', &o_size, "bytes of body (100)"},
    {"duration", 'f', &o_duration, "seconds measured (8)"}, {"warmup", 'f', &o_warmup, "1"}, {"to", 's', &o_to, "bare | full"},
    {"fan", 'i', &o_fan, "occupants or subscribers (100)"}, {"messages", 'i', &o_messages, "1000"}, {"senders", 'i', &o_senders, "10"},
    {"muc", 's', &o_muc, "conference.DOMAIN"}, {"hidden", 'i', &o_hidden, "1: occupants are not shown to each other"}, {"page", 'i', &o_page, "50"}, {"pages", 'i', &o_pages, "at most, a client (20)"},
    {"sm", 'i', &o_sm, "N: enable stream management, ask for an acknowledgement after each N messages"},
    {"carbons", 'i', &o_carbons, "1: enable carbons"}, {"srcs", 'i', &o_srcs, "source addresses from 127.0.0.1 up (1)"},
    {"label", 's', &o_label, "goes into the JSON"}, {"timeout", 'i', &o_timeout, "seconds without progress (60)"}};

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  void (*f)(void) = NULL;
  for (int i = 0; argc > 1 && i < LEN(scenarios); i++) if (!strcmp(argv[1], scenarios[i].name)) f = scenarios[i].f;
  if (!f) {
    printf("usage: xload SCENARIO [--OPTION VALUE ...]\n\nscenarios:\n");
    for (int i = 0; i < LEN(scenarios); i++) printf("  %-10s %s\n", scenarios[i].name, scenarios[i].what);
    printf("options:\n");
    for (int i = 0; i < LEN(opts); i++) if (opts[i].what[0]) printf("  --%-10s %s\n", opts[i].name, opts[i].what);
    return argc > 1 && !strcmp(argv[1], "help") ? 0 : 2;
  }
  for (int i = 2; i < argc; i += 2) {
    int k = -1;
    if (!strncmp(argv[i], "--", 2) && i + 1 < argc) for (int j = 0; j < LEN(opts); j++) if (!strcmp(argv[i] + 2, opts[j].name)) k = j;
    if (k < 0) die("unknown option or no value: %s", argv[i]);
    if (opts[k].kind == 's') *(const char **)opts[k].to = argv[i + 1];
    else if (opts[k].kind == 'i') *(int *)opts[k].to = atoi(argv[i + 1]);
    else *(double *)opts[k].to = atof(argv[i + 1]);
  }
  if (strcmp(o_tls, "none") && strcmp(o_tls, "starttls") && strcmp(o_tls, "direct")) die("--tls none|starttls|direct");
  if (strcmp(o_mech, "PLAIN") && strcmp(o_mech, "SCRAM-SHA-1") && strcmp(o_mech, "FAST") && strcmp(o_mech, "FAST-QUICK"))
    die("--mech PLAIN|SCRAM-SHA-1|FAST|FAST-QUICK");
  if (!strncmp(o_mech, "FAST", 4) && !strcmp(o_tls, "none")) die("--mech FAST needs TLS");
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  ep = epoll_create1(EPOLL_CLOEXEC);
  if (strcmp(o_tls, "none")) {
    ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* loopback, self-signed: full handshakes, nothing resumed */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  }
  f();
  return 0;
}
