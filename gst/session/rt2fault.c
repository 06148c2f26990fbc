/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Turns what the network, TLS, HTTP and WebSocket say into one fault that a
 * user can act on, and decides whether trying again can help.
 */
#include "rt2fault.h"

#include "rt2types.h"

#include <libsoup/soup.h>
#include <string.h>

#include "rt2json.h"

/* What is taken of a refusal's body, and of any text that a server wrote. */
#define MAX_BODY_BYTES (64 * 1024)
#define MAX_SERVER_TEXT 300
#define MAX_SERVER_CODE 64

/* Shorter heads of a secret tell nothing ("sk-") and may be ordinary words. */
#define MIN_REDACTED_TAIL 6

#define RETRY_AFTER_CAP (300 * G_GUINT64_CONSTANT (1000000000))
#define BACKOFF_BASE (500 * G_GUINT64_CONSTANT (1000000))
#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

/* Tries in a row under auto before the first session: this many, then none. */
#define AUTO_TRIES 5

#define HINT_KEY                                                               \
  "Set OPENAI_API_KEY or the api-key property to a key that is valid for "     \
  "this server."
#define HINT_ACCOUNT                                                           \
  "Look at the billing and usage limits of the account that the API key "      \
  "belongs to."
#define HINT_MODEL                                                             \
  "Check the path in `uri` and whether the account may use the `model`."
#define HINT_LATER "Try again later, or set `retries` to -1 to keep trying."
#define HINT_LISTEN "Start the server, or set `uri`."
#define HINT_UPDATE                                                            \
  "Check `session-config` and the other session settings, or update the "      \
  "plugin."

Rt2Fault *
rt2_fault_new (Rt2FaultKind kind, const gchar *message, ...)
{
  Rt2Fault *fault = g_new0 (Rt2Fault, 1);
  va_list args;

  fault->kind = kind;
  va_start (args, message);
  fault->message = g_strdup_vprintf (message, args);
  va_end (args);
  return fault;
}

Rt2Fault *
rt2_fault_copy (const Rt2Fault *fault)
{
  Rt2Fault *copy;

  if (fault == NULL)
    return NULL;

  copy = g_new (Rt2Fault, 1);
  *copy = *fault;
  copy->message = g_strdup (fault->message);
  copy->hint = g_strdup (fault->hint);
  copy->debug = g_strdup (fault->debug);
  copy->server_code = g_strdup (fault->server_code);
  return copy;
}

void
rt2_fault_free (Rt2Fault *fault)
{
  if (fault == NULL)
    return;

  rt2_secret_free (fault->message);
  g_free (fault->hint);
  rt2_secret_free (fault->debug);
  rt2_secret_free (fault->server_code);
  g_free (fault);
}

/* Texts of servers are cut at a length, so the head of @secret may be left at
 * the end. */
static void
redact_tail (GString *text, const gchar *secret)
{
  gsize n;

  for (n = strlen (secret) - 1; n >= MIN_REDACTED_TAIL; n--) {
    if (text->len >= n && memcmp (text->str + text->len - n, secret, n) == 0) {
      g_string_truncate (text, text->len - n);
      g_string_append (text, "***");
      return;
    }
  }
}

static void
redact (gchar **text, const gchar *secret)
{
  GString *clean;

  if (*text == NULL)
    return;

  clean = g_string_new (*text);
  g_string_replace (clean, secret, "***", 0);
  redact_tail (clean, secret);
  rt2_secret_free (*text);
  *text = g_string_free (clean, FALSE);
}

void
rt2_fault_redact (Rt2Fault *fault, const gchar *secret)
{
  if (fault == NULL || secret == NULL || *secret == '\0')
    return;

  redact (&fault->message, secret);
  redact (&fault->hint, secret);
  redact (&fault->debug, secret);
  redact (&fault->server_code, secret);
}

gchar *
rt2_redact (const gchar *text, const gchar *secret)
{
  gchar *copy = g_strdup (text);

  if (secret != NULL && *secret != '\0')
    redact (&copy, secret);
  return copy;
}

/* Takes ownership of nothing; @hint is copied. */
static Rt2Fault *
with_hint (Rt2Fault *fault, const gchar *hint)
{
  g_free (fault->hint);
  fault->hint = g_strdup (hint);
  return fault;
}

/* A server's text made fit for one line of a log: valid UTF-8, no control
 * characters, bounded. NULL for nothing. */
static gchar *
clean_text (const gchar *text, gsize max)
{
  g_autofree gchar *head = NULL;
  gchar *valid, *p;

  if (text == NULL || *text == '\0')
    return NULL;

  head = g_strndup (text, max);
  /* A character cut in two at the end is left out, not replaced. */
  if (strlen (head) == max) {
    const gchar *end;

    if (!g_utf8_validate (head, -1, &end) && head + max - end < 4)
      head[end - head] = '\0';
  }
  valid = g_utf8_make_valid (head, -1);
  for (p = valid; *p; p++) {
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = ' ';
  }
  return g_strstrip (valid);
}

/* Server codes are words like "invalid_api_key"; anything else is dropped. */
static gchar *
clean_code (const gchar *code)
{
  gsize length = code ? strlen (code) : 0;

  if (length == 0 || length > MAX_SERVER_CODE)
    return NULL;
  if (strspn (code, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.") != length)
    return NULL;
  return g_strdup (code);
}

/* Server codes that end things for good, and what they mean. */
static const struct {
  const gchar *code;
  Rt2FaultKind kind;
} fatal_codes[] = {
  { "invalid_api_key", RT2_FAULT_AUTH },
  { "insufficient_quota", RT2_FAULT_QUOTA },
  { "billing_hard_limit_reached", RT2_FAULT_QUOTA },
  { "account_deactivated", RT2_FAULT_QUOTA },
  { "credit_balance_exhausted", RT2_FAULT_QUOTA },
  { "invalid_model", RT2_FAULT_NOT_FOUND },
  { "model_not_found", RT2_FAULT_NOT_FOUND },
  { "call_id_not_found", RT2_FAULT_NOT_FOUND },
  { "beta_api_shape_disabled", RT2_FAULT_REJECTED },
};

static Rt2FaultKind
kind_of_code (const gchar *server_code)
{
  gsize i;

  for (i = 0; server_code && i < G_N_ELEMENTS (fatal_codes); i++) {
    if (strcmp (fatal_codes[i].code, server_code) == 0)
      return fatal_codes[i].kind;
  }
  return RT2_FAULT_NONE;
}

gboolean
rt2_fault_code_is_fatal (const gchar *server_code)
{
  return kind_of_code (server_code) != RT2_FAULT_NONE;
}

/* What the user can do about a fault that the server itself declared. */
static const gchar *
hint_of_kind (Rt2FaultKind kind)
{
  switch (kind) {
    case RT2_FAULT_AUTH:
      return HINT_KEY;
    case RT2_FAULT_NOT_FOUND:
      return HINT_MODEL;
    case RT2_FAULT_QUOTA:
      return HINT_ACCOUNT;
    case RT2_FAULT_BUSY:
      return HINT_LATER;
    case RT2_FAULT_REJECTED:
      return HINT_UPDATE;
    case RT2_FAULT_EXPIRED:
      return "Connect again: sessions end after a fixed time.";
    case RT2_FAULT_LOST:
      return "Check the network to the server.";
    case RT2_FAULT_CLOSED:
      return "Look at the code and the reason that the server gave.";
    default:
      return "Check that `uri` names a Realtime server.";
  }
}

/* -- from errors ---------------------------------------------------------- */

static Rt2Fault *
dns_fault (const gchar *where)
{
  return with_hint (rt2_fault_new (RT2_FAULT_DNS,
                        "The name of %s could not be resolved.", where),
      "Check the host name in `uri`, and the network.");
}

static Rt2Fault *
lost_fault (const gchar *where)
{
  return with_hint (
      rt2_fault_new (RT2_FAULT_LOST, "The connection to %s broke.", where),
      hint_of_kind (RT2_FAULT_LOST));
}

static Rt2Fault *
proxy_fault (gint code, const gchar *where)
{
  gboolean auth = code == G_IO_ERROR_PROXY_AUTH_FAILED
      || code == G_IO_ERROR_PROXY_NEED_AUTH;

  return with_hint (rt2_fault_new (RT2_FAULT_REFUSED,
                        auth ? "The proxy on the way to %s refused the login."
                             : "The proxy on the way to %s did not connect.",
                        where),
      "Check the proxy settings (https_proxy=http://user:password@host:port).");
}

static Rt2Fault *
fault_from_io (gint code, const gchar *where)
{
  switch (code) {
    case G_IO_ERROR_CONNECTION_REFUSED:
      return with_hint (
          rt2_fault_new (RT2_FAULT_REFUSED, "Nothing listens at %s.", where),
          HINT_LISTEN);
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
      return with_hint (
          rt2_fault_new (RT2_FAULT_REFUSED, "There is no route to %s.", where),
          "Check the network, or set `uri`.");
    case G_IO_ERROR_PERMISSION_DENIED:
      return with_hint (
          rt2_fault_new (RT2_FAULT_REFUSED,
              "This system does not allow to connect to %s.", where),
          "Check the firewall and the sandbox that this program runs in.");
    case G_IO_ERROR_TIMED_OUT:
      return rt2_fault_new_timeout (where);
    case G_IO_ERROR_HOST_NOT_FOUND:
      return dns_fault (where);
    case G_IO_ERROR_PROXY_FAILED:
    case G_IO_ERROR_PROXY_AUTH_FAILED:
    case G_IO_ERROR_PROXY_NEED_AUTH:
    case G_IO_ERROR_PROXY_NOT_ALLOWED:
      return proxy_fault (code, where);
    default:
      return lost_fault (where);
  }
}

static Rt2Fault *
fault_from_tls (gint code, const gchar *where)
{
  switch (code) {
    case G_TLS_ERROR_UNAVAILABLE:
      return with_hint (rt2_fault_new (RT2_FAULT_TLS,
                            "This system has no TLS to reach %s with.", where),
          "Install glib-networking.");
    case G_TLS_ERROR_BAD_CERTIFICATE:
      return rt2_fault_from_certificate (0, where);
    case G_TLS_ERROR_CERTIFICATE_REQUIRED:
      return with_hint (rt2_fault_new (RT2_FAULT_TLS,
                            "%s asks for a client certificate.", where),
          "Set `client-certificate` to one, with its key, that the server knows.");
    case G_TLS_ERROR_EOF:
      return lost_fault (where);
    case G_TLS_ERROR_NOT_TLS:
      /* Also what a connection that is cut in its handshake ends with: a server
       * that is just starting again. */
      return with_hint (rt2_fault_new (RT2_FAULT_REFUSED,
                            "%s did not go through with TLS.", where),
          "If the server does not speak TLS, use ws:// in `uri`.");
    default:
      return with_hint (rt2_fault_new (RT2_FAULT_TLS,
                            "No TLS connection to %s could be made.", where),
          "If the server does not speak TLS, use ws:// in `uri`.");
  }
}

static Rt2Fault *
protocol_fault (const gchar *where)
{
  return with_hint (
      rt2_fault_new (RT2_FAULT_PROTOCOL,
          "What %s answered is not the WebSocket protocol.", where),
      "Check that `uri` names a Realtime server; if it speaks TLS, use "
      "wss://.");
}

static Rt2Fault *
fault_from_soup (const GError *error, const gchar *where)
{
  if (error->domain == SOUP_WEBSOCKET_ERROR)
    return error->code == SOUP_WEBSOCKET_ERROR_FAILED ? lost_fault (where)
                                                      : protocol_fault (where);
  switch (error->code) {
    case SOUP_SESSION_ERROR_PARSING:
    case SOUP_SESSION_ERROR_ENCODING:
      return protocol_fault (where);
    default:
      return lost_fault (where);
  }
}

Rt2Fault *
rt2_fault_from_error (const GError *error, const gchar *where)
{
  Rt2Fault *fault;

  if (error == NULL)
    return lost_fault (where);

  if (error->domain == G_RESOLVER_ERROR)
    fault = dns_fault (where);
  else if (error->domain == G_TLS_ERROR)
    fault = fault_from_tls (error->code, where);
  else if (error->domain == G_IO_ERROR)
    fault = fault_from_io (error->code, where);
  else if (error->domain == SOUP_SESSION_ERROR
      || error->domain == SOUP_WEBSOCKET_ERROR)
    fault = fault_from_soup (error, where);
  else
    fault = lost_fault (where);

  g_free (fault->debug);
  fault->debug = clean_text (error->message, MAX_SERVER_TEXT);
  return fault;
}

Rt2Fault *
rt2_fault_new_timeout (const gchar *where)
{
  return with_hint (
      rt2_fault_new (RT2_FAULT_TIMEOUT, "%s did not answer in time.", where),
      "Check the network and `uri` (a server without TLS wants ws://), or raise "
      "connect-timeout.");
}

/* The worst thing that is wrong with a certificate comes first. */
static const struct {
  GTlsCertificateFlags flag;
  const gchar *what;
  const gchar *hint;
} certificate_faults[] = {
  { G_TLS_CERTIFICATE_REVOKED, "was revoked", "Do not use this server." },
  { G_TLS_CERTIFICATE_UNKNOWN_CA,
      "is not signed by an authority that this "
      "system trusts",
      "Check `uri`; for a server of your own add its authority to the "
      "system's trusted certificates, or set `tls-database`." },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, "is for another host",
      "Use the host name in `uri` that the certificate was made for." },
  { G_TLS_CERTIFICATE_EXPIRED, "has expired",
      "Renew the server's certificate, and check the clock of this system." },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, "is not valid yet",
      "Check the clock of this system." },
  { G_TLS_CERTIFICATE_INSECURE, "uses an algorithm that is not secure",
      "Renew the server's certificate." },
};

Rt2Fault *
rt2_fault_from_certificate (GTlsCertificateFlags flags, const gchar *where)
{
  const gchar *what = "is not acceptable";
  const gchar *hint = "Check `uri` and the server's certificate.";
  Rt2Fault *fault;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (certificate_faults); i++) {
    if (flags & certificate_faults[i].flag) {
      what = certificate_faults[i].what;
      hint = certificate_faults[i].hint;
      break;
    }
  }
  fault = rt2_fault_new (
      RT2_FAULT_TLS, "The certificate of %s %s.", where, what);
  fault->debug = g_strdup_printf ("certificate flags 0x%x", flags);
  return with_hint (fault, hint);
}

/* -- from HTTP ------------------------------------------------------------ */

static guint64
parse_retry_after (const gchar *text)
{
  g_autoptr (GDateTime) date = NULL;
  g_autoptr (GDateTime) now = NULL;
  GTimeSpan span;

  if (text == NULL)
    return 0;
  /* Some send fractions. What no clock can count is the longest. */
  if (*text != '\0' && text[strspn (text, G_CSET_DIGITS ".")] == '\0')
    return (guint64) (MIN (g_ascii_strtod (text, NULL), G_MAXUINT32)
        * NS_PER_SECOND);

  date = soup_date_time_new_from_http_string (text);
  if (date == NULL)
    return 0;
  now = g_date_time_new_now_utc ();
  span = g_date_time_difference (date, now);
  if (span <= 0)
    return 0;
  return MIN ((guint64) span, G_MAXUINT32 * G_GUINT64_CONSTANT (1000000))
      * 1000;
}

/* Those of 520 and more come from proxies whose server does not answer. */
static gboolean
status_is_temporary (guint status)
{
  switch (status) {
    case SOUP_STATUS_REQUEST_TIMEOUT:
    case 429:
      return TRUE;
    case SOUP_STATUS_NOT_IMPLEMENTED:
    case SOUP_STATUS_HTTP_VERSION_NOT_SUPPORTED:
      return FALSE;
    default:
      return status >= 500 && status <= 599;
  }
}

static Rt2FaultKind
kind_of_status (guint status)
{
  switch (status) {
    case SOUP_STATUS_UNAUTHORIZED:
    case SOUP_STATUS_FORBIDDEN:
      return RT2_FAULT_AUTH;
    case SOUP_STATUS_PAYMENT_REQUIRED:
      return RT2_FAULT_QUOTA;
    case SOUP_STATUS_NOT_FOUND:
      return RT2_FAULT_NOT_FOUND;
    case SOUP_STATUS_REQUEST_TIMEOUT:
      return RT2_FAULT_HTTP;
    default:
      return status_is_temporary (status) ? RT2_FAULT_BUSY : RT2_FAULT_HTTP;
  }
}

static const gchar *
hint_of_status (guint status, Rt2FaultKind kind)
{
  if (kind != RT2_FAULT_HTTP)
    return hint_of_kind (kind);
  if (status >= 300 && status < 400)
    return "Set `uri` to the final address: redirects are not followed, so "
           "that the key goes nowhere else.";
  if (status == SOUP_STATUS_REQUEST_TIMEOUT)
    return HINT_LATER;
  return "Check the path in `uri` and the `model`.";
}

static Rt2Fault *
new_http_fault (Rt2FaultKind kind, guint status, const gchar *where)
{
  const gchar *phrase = soup_status_get_phrase (status);

  if (status == 429)
    phrase = "Too Many Requests";
  switch (kind) {
    case RT2_FAULT_AUTH:
      return rt2_fault_new (
          kind, "%s refused the API key (HTTP %u, %s).", where, status, phrase);
    case RT2_FAULT_NOT_FOUND:
      return rt2_fault_new (kind,
          "%s does not know this path or model (HTTP %u, %s).", where, status,
          phrase);
    case RT2_FAULT_QUOTA:
      return rt2_fault_new (kind,
          "The account has no quota left at %s (HTTP %u, %s).", where, status,
          phrase);
    case RT2_FAULT_BUSY:
      return rt2_fault_new (
          kind, "%s is too busy (HTTP %u, %s).", where, status, phrase);
    default:
      return rt2_fault_new (kind, "%s refused the connection (HTTP %u, %s).",
          where, status, phrase);
  }
}

Rt2Fault *
rt2_fault_from_http (guint status, const gchar *body, gsize size,
    const gchar *retry_after, const gchar *where)
{
  g_autoptr (JsonObject) root = NULL;
  Rt2FaultKind kind = kind_of_status (status);
  Rt2FaultKind declared;
  g_autofree gchar *code = NULL;
  JsonObject *error;
  Rt2Fault *fault;

  if (body != NULL && size > 0 && size <= MAX_BODY_BYTES)
    root = rt2_json_parse_object (body, size, NULL);
  error = rt2_json_object (root, "error");
  code = clean_code (rt2_json_string (error, "code"));
  declared = kind_of_code (code);
  if (declared != RT2_FAULT_NONE)
    kind = declared;

  fault = new_http_fault (kind, status, where);
  fault->http_status = status;
  fault->server_code = g_steal_pointer (&code);
  fault->debug = clean_text (
      rt2_json_string (error, "message"), MAX_SERVER_TEXT);
  fault->retry_after = parse_retry_after (retry_after);
  return with_hint (fault, hint_of_status (status, kind));
}

/* -- from close codes ----------------------------------------------------- */

static Rt2FaultKind
kind_of_close (guint code)
{
  switch (code) {
    case 0:
    case 1005:
    case 1006:
    case 1011:
    case 1012:
    case 1013:
      return RT2_FAULT_LOST;
    case 1001:
      return RT2_FAULT_EXPIRED;
    case 3000:
      return RT2_FAULT_AUTH;
    case 4000:
      return RT2_FAULT_REJECTED;
    default:
      return RT2_FAULT_CLOSED;
  }
}

/* Close reasons are "<error type>.<error code>", or any prose. */
static gchar *
code_of_reason (const gchar *reason)
{
  g_autofree gchar *word = clean_code (reason);
  const gchar *dot = word ? strrchr (word, '.') : NULL;

  return dot ? clean_code (dot + 1) : NULL;
}

static Rt2Fault *
new_close_fault (Rt2FaultKind kind, guint code)
{
  switch (kind) {
    case RT2_FAULT_AUTH:
      return rt2_fault_new (kind, "The server refused the API key.");
    case RT2_FAULT_NOT_FOUND:
      return rt2_fault_new (kind,
          "The server does not know this model or "
          "call.");
    case RT2_FAULT_QUOTA:
      return rt2_fault_new (kind, "The account has no quota left.");
    case RT2_FAULT_REJECTED:
      return rt2_fault_new (kind, "The server refused the session.");
    case RT2_FAULT_EXPIRED:
      return rt2_fault_new (kind,
          "The server ended the session: its time "
          "was up.");
    case RT2_FAULT_LOST:
      return code ? rt2_fault_new (kind,
                 "The server gave up the connection (close code %u).", code)
                  : rt2_fault_new (kind,
                      "The connection to the server was "
                      "lost.");
    default:
      return rt2_fault_new (
          kind, "The server closed the connection (close code %u).", code);
  }
}

/* Close code, reason and error text in one line for the log. */
static gchar *
close_debug (guint code, const gchar *reason, const gchar *error_message)
{
  g_autofree gchar *why = clean_text (reason, MAX_SERVER_TEXT);
  g_autofree gchar *said = clean_text (error_message, MAX_SERVER_TEXT);
  g_autofree gchar *closed = code ? g_strdup_printf ("close code %u", code)
                                  : g_strdup ("no close frame");

  return g_strconcat (closed, why ? ", reason: " : "", why ? why : "",
      said ? ", error: " : "", said ? said : "", NULL);
}

Rt2Fault *
rt2_fault_from_close (guint code, const gchar *reason, const gchar *error_code,
    const gchar *error_message)
{
  Rt2FaultKind kind = kind_of_close (code);
  g_autofree gchar *server_code = clean_code (error_code);
  Rt2FaultKind declared;
  Rt2Fault *fault;

  if (server_code == NULL)
    server_code = code_of_reason (reason);
  declared = kind_of_code (server_code);
  if (declared != RT2_FAULT_NONE)
    kind = declared;
  else if (g_strcmp0 (server_code, "session_expired") == 0)
    kind = RT2_FAULT_EXPIRED;

  fault = new_close_fault (kind, code);
  fault->close_code = code;
  fault->server_code = g_steal_pointer (&server_code);
  fault->debug = close_debug (code, reason, error_message);
  return with_hint (fault, hint_of_kind (kind));
}

/* -- trying again --------------------------------------------------------- */

static gboolean
fault_is_fatal (const Rt2Fault *fault)
{
  if (rt2_fault_code_is_fatal (fault->server_code))
    return TRUE;
  if (fault->http_status != 0 && !status_is_temporary (fault->http_status))
    return TRUE;

  switch (fault->kind) {
    case RT2_FAULT_DNS:
    case RT2_FAULT_REFUSED:
    case RT2_FAULT_TIMEOUT:
    case RT2_FAULT_BUSY:
    case RT2_FAULT_EXPIRED:
    case RT2_FAULT_LOST:
    case RT2_FAULT_STALLED:
      return FALSE;
    case RT2_FAULT_HTTP:
      return !status_is_temporary (fault->http_status);
    case RT2_FAULT_CLOSED:
      return kind_of_close (fault->close_code) == RT2_FAULT_CLOSED;
    default:
      return TRUE;
  }
}

static gboolean
auto_should_retry (const Rt2Fault *fault, guint attempts, gboolean configured)
{
  if (configured)
    return TRUE;
  /* Before the first session these are most likely a wrong `uri` or a server
   * that was not started: the user waits for an answer. */
  if (fault->kind == RT2_FAULT_DNS || fault->kind == RT2_FAULT_REFUSED
      || fault->kind == RT2_FAULT_TIMEOUT)
    return FALSE;
  return attempts < AUTO_TRIES;
}

gboolean
rt2_fault_should_retry (
    const Rt2Fault *fault, gint retries, guint attempts, gboolean configured)
{
  if (fault == NULL || fault_is_fatal (fault))
    return FALSE;
  if (retries == RT2_RETRIES_FOREVER)
    return TRUE;
  if (retries < 0)
    return auto_should_retry (fault, attempts, configured);
  return attempts <= (guint) retries;
}

guint64
rt2_fault_backoff (
    const Rt2Fault *fault, guint attempt, guint64 max, gdouble random)
{
  guint doublings = CLAMP (attempt, 1, 32) - 1;
  guint64 ceiling = MIN (BACKOFF_BASE << doublings, max);
  guint64 wait = (guint64) (ceiling * CLAMP (random, 0.0, 1.0));
  guint64 floor = fault ? MIN (fault->retry_after, RETRY_AFTER_CAP) : 0;

  return MAX (wait, floor);
}
