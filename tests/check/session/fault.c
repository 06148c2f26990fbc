/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What errors, HTTP statuses and close codes mean, and when a connection is
 * tried again.
 */
#include <libsoup/soup.h>
#include <string.h>

#include "rt2fault.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define WHERE "127.0.0.1:8080"
#define SECRET "sk-very-secret-key"

/* -- from errors ---------------------------------------------------------- */

typedef struct {
  GQuark (*domain) (void);
  gint code;
  Rt2FaultKind kind;
} ErrorCase;

static const ErrorCase error_cases[] = {
  { g_resolver_error_quark, G_RESOLVER_ERROR_NOT_FOUND, RT2_FAULT_DNS },
  { g_resolver_error_quark, G_RESOLVER_ERROR_TEMPORARY_FAILURE, RT2_FAULT_DNS },
  { g_io_error_quark, G_IO_ERROR_HOST_NOT_FOUND, RT2_FAULT_DNS },
  { g_io_error_quark, G_IO_ERROR_CONNECTION_REFUSED, RT2_FAULT_REFUSED },
  { g_io_error_quark, G_IO_ERROR_HOST_UNREACHABLE, RT2_FAULT_REFUSED },
  { g_io_error_quark, G_IO_ERROR_NETWORK_UNREACHABLE, RT2_FAULT_REFUSED },
  { g_io_error_quark, G_IO_ERROR_PERMISSION_DENIED, RT2_FAULT_REFUSED },
  { g_io_error_quark, G_IO_ERROR_PROXY_AUTH_FAILED, RT2_FAULT_REFUSED },
  { g_io_error_quark, G_IO_ERROR_TIMED_OUT, RT2_FAULT_TIMEOUT },
  { g_io_error_quark, G_IO_ERROR_CONNECTION_CLOSED, RT2_FAULT_LOST },
  { g_io_error_quark, G_IO_ERROR_PARTIAL_INPUT, RT2_FAULT_LOST },
  { g_io_error_quark, G_IO_ERROR_FAILED, RT2_FAULT_LOST },
  { g_tls_error_quark, G_TLS_ERROR_BAD_CERTIFICATE, RT2_FAULT_TLS },
  { g_tls_error_quark, G_TLS_ERROR_NOT_TLS, RT2_FAULT_REFUSED },
  { g_tls_error_quark, G_TLS_ERROR_MISC, RT2_FAULT_TLS },
  { g_tls_error_quark, G_TLS_ERROR_HANDSHAKE, RT2_FAULT_TLS },
  { g_tls_error_quark, G_TLS_ERROR_UNAVAILABLE, RT2_FAULT_TLS },
  { g_tls_error_quark, G_TLS_ERROR_EOF, RT2_FAULT_LOST },
  { soup_websocket_error_quark, SOUP_WEBSOCKET_ERROR_BAD_HANDSHAKE,
      RT2_FAULT_PROTOCOL },
  { soup_session_error_quark, SOUP_SESSION_ERROR_PARSING, RT2_FAULT_PROTOCOL },
};

static void
test_error (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (error_cases); i++) {
    g_autoptr (GError) error = g_error_new_literal (
        error_cases[i].domain (), error_cases[i].code, "in detail");
    g_autoptr (Rt2Fault) fault = rt2_fault_from_error (error, WHERE);

    g_test_message ("%s %d: %s %s", g_quark_to_string (error->domain),
        error->code, fault->message, fault->hint);
    g_assert_cmpint (fault->kind, ==, error_cases[i].kind);
    g_assert_nonnull (strstr (fault->message, WHERE));
    g_assert_nonnull (fault->hint);
    g_assert_cmpstr (fault->debug, ==, "in detail");
    g_assert_cmpuint (fault->http_status, ==, 0);
    g_assert_cmpuint (fault->close_code, ==, 0);
  }
}

static void
test_refused_text (void)
{
  g_autoptr (GError) error = g_error_new_literal (
      G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "x");
  g_autoptr (Rt2Fault) fault = rt2_fault_from_error (error, WHERE);

  g_assert_cmpstr (fault->message, ==, "Nothing listens at " WHERE ".");
  g_assert_cmpstr (fault->hint, ==, "Start the server, or set `uri`.");
}

static void
test_certificate (void)
{
  static const GTlsCertificateFlags flags[] = {
    0,
    G_TLS_CERTIFICATE_UNKNOWN_CA,
    G_TLS_CERTIFICATE_BAD_IDENTITY,
    G_TLS_CERTIFICATE_NOT_ACTIVATED,
    G_TLS_CERTIFICATE_EXPIRED,
    G_TLS_CERTIFICATE_REVOKED,
    G_TLS_CERTIFICATE_INSECURE,
  };
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (flags); i++) {
    g_autoptr (Rt2Fault) fault = rt2_fault_from_certificate (flags[i], WHERE);

    g_assert_cmpint (fault->kind, ==, RT2_FAULT_TLS);
    g_assert_nonnull (strstr (fault->message, WHERE));
    g_assert_nonnull (fault->hint);
    /* Each is told apart. */
    g_assert_true (g_hash_table_add (seen, g_strdup (fault->message)));
  }
}

/* -- from HTTP ------------------------------------------------------------ */

typedef struct {
  guint status;
  const gchar *body;
  Rt2FaultKind kind;
  const gchar *server_code;
} HttpCase;

#define ERROR_BODY(code)                                                       \
  "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":\"" code "\"}}"

static const HttpCase http_cases[] = {
  { 200, NULL, RT2_FAULT_HTTP, NULL },
  { 302, NULL, RT2_FAULT_HTTP, NULL },
  { 400, NULL, RT2_FAULT_HTTP, NULL },
  { 400, ERROR_BODY ("OpperationNotSupported"), RT2_FAULT_HTTP,
      "OpperationNotSupported" },
  { 401, NULL, RT2_FAULT_AUTH, NULL },
  { 403, NULL, RT2_FAULT_AUTH, NULL },
  { 404, NULL, RT2_FAULT_NOT_FOUND, NULL },
  { 404, ERROR_BODY ("call_id_not_found"), RT2_FAULT_NOT_FOUND,
      "call_id_not_found" },
  { 408, NULL, RT2_FAULT_HTTP, NULL },
  { 429, NULL, RT2_FAULT_BUSY, NULL },
  { 429, ERROR_BODY ("slow_down"), RT2_FAULT_BUSY, "slow_down" },
  { 429, ERROR_BODY ("insufficient_quota"), RT2_FAULT_QUOTA,
      "insufficient_quota" },
  { 429, ERROR_BODY ("credit_balance_exhausted"), RT2_FAULT_QUOTA,
      "credit_balance_exhausted" },
  { 400, ERROR_BODY ("invalid_api_key"), RT2_FAULT_AUTH, "invalid_api_key" },
  { 400, ERROR_BODY ("model_not_found"), RT2_FAULT_NOT_FOUND,
      "model_not_found" },
  { 500, NULL, RT2_FAULT_BUSY, NULL },
  { 501, NULL, RT2_FAULT_HTTP, NULL },
  { 502, NULL, RT2_FAULT_BUSY, NULL },
  { 503, ERROR_BODY ("server_is_overloaded"), RT2_FAULT_BUSY,
      "server_is_overloaded" },
  { 504, NULL, RT2_FAULT_BUSY, NULL },
  { 505, NULL, RT2_FAULT_HTTP, NULL },
  { 507, NULL, RT2_FAULT_BUSY, NULL },
  { 520, NULL, RT2_FAULT_BUSY, NULL },
  { 522, NULL, RT2_FAULT_BUSY, NULL },
  { 529, NULL, RT2_FAULT_BUSY, NULL },
  { 599, NULL, RT2_FAULT_BUSY, NULL },
  { 600, NULL, RT2_FAULT_HTTP, NULL },
  /* Bodies that are no error object change nothing. */
  { 429, "", RT2_FAULT_BUSY, NULL },
  { 429, "<html>insufficient_quota</html>", RT2_FAULT_BUSY, NULL },
  { 429, "{\"error\":\"insufficient_quota\"}", RT2_FAULT_BUSY, NULL },
  { 429, "{\"error\":{\"code\":429}}", RT2_FAULT_BUSY, NULL },
  { 429, "{\"error\":{\"code\":null}}", RT2_FAULT_BUSY, NULL },
  { 429, "{\"error\":[{\"code\":\"insufficient_quota\"}]}", RT2_FAULT_BUSY,
      NULL },
  { 429, "[]", RT2_FAULT_BUSY, NULL },
  { 429, "\"", RT2_FAULT_BUSY, NULL },
  { 429, ERROR_BODY ("two words"), RT2_FAULT_BUSY, NULL },
};

static void
test_http (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (http_cases); i++) {
    const HttpCase *c = &http_cases[i];
    g_autoptr (Rt2Fault) fault = rt2_fault_from_http (
        c->status, c->body, c->body ? strlen (c->body) : 0, NULL, WHERE);

    g_test_message ("%u %s: %s %s", c->status, c->body ? c->body : "",
        fault->message, fault->hint);
    g_assert_cmpint (fault->kind, ==, c->kind);
    g_assert_cmpuint (fault->http_status, ==, c->status);
    g_assert_cmpstr (fault->server_code, ==, c->server_code);
    g_assert_cmpuint (fault->retry_after, ==, 0);
    g_assert_nonnull (strstr (fault->message, WHERE));
    g_assert_nonnull (fault->hint);
  }
}

/* The body is @size bytes, wherever its next NUL is. */
static void
test_http_body_size (void)
{
  static const gchar body[] = ERROR_BODY ("insufficient_quota") "and more";
  g_autoptr (Rt2Fault) fault = rt2_fault_from_http (
      429, body, strlen (body) - strlen ("and more"), NULL, WHERE);

  g_assert_cmpint (fault->kind, ==, RT2_FAULT_QUOTA);
}

/* What a server writes ends up in one bounded line of valid UTF-8. */
static void
test_http_hostile_text (void)
{
  GString *body = g_string_new ("{\"error\":{\"message\":\"a\\nb\\u0007");
  g_autoptr (Rt2Fault) fault = NULL;
  gsize i;

  for (i = 0; i < 1000; i++)
    g_string_append (body, "\xc3\xa9");
  g_string_append (body, "\"}}");
  fault = rt2_fault_from_http (400, body->str, body->len, NULL, WHERE);
  g_assert_cmpuint (strlen (fault->debug), <=, 400);
  g_assert_true (g_utf8_validate (fault->debug, -1, NULL));
  g_assert_true (g_str_has_prefix (fault->debug, "a b"));
  g_assert_true (g_str_has_suffix (fault->debug, "\xc3\xa9"));
  for (i = 0; fault->debug[i]; i++)
    g_assert_cmpint ((guchar) fault->debug[i], >=, 0x20);
  g_string_free (body, TRUE);
}

static void
test_http_deep_body (void)
{
  g_autofree gchar *body = g_strnfill (60000, '[');
  g_autoptr (Rt2Fault)
      fault = rt2_fault_from_http (500, body, 60000, NULL, WHERE);

  g_assert_cmpint (fault->kind, ==, RT2_FAULT_BUSY);
}

static guint64
retry_after (const gchar *text)
{
  g_autoptr (Rt2Fault) fault = rt2_fault_from_http (429, NULL, 0, text, WHERE);

  return fault->retry_after;
}

static void
test_retry_after (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) soon = g_date_time_add_seconds (now, 60);
  g_autoptr (GDateTime) past = g_date_time_add_seconds (now, -60);
  g_autofree gchar *soon_text = soup_date_time_to_string (soon, SOUP_DATE_HTTP);
  g_autofree gchar *past_text = soup_date_time_to_string (past, SOUP_DATE_HTTP);

  g_assert_cmpuint (retry_after (NULL), ==, 0);
  g_assert_cmpuint (retry_after ("0"), ==, 0);
  g_assert_cmpuint (retry_after ("20"), ==, 20 * SECOND);
  g_assert_cmpuint (retry_after ("-5"), ==, 0);
  g_assert_cmpuint (retry_after ("soon"), ==, 0);
  g_assert_cmpuint (retry_after (""), ==, 0);
  /* Never wraps to something short. */
  g_assert_cmpuint (retry_after ("4294967295"), ==, 4294967295 * SECOND);
  g_assert_cmpuint (retry_after ("99999999999999999999"), >, 3600 * SECOND);
  g_assert_cmpuint (retry_after ("1.5"), ==, SECOND * 3 / 2);
  g_assert_cmpuint (retry_after ("1,5"), ==, 0);
  g_assert_cmpuint (retry_after ("nan"), ==, 0);
  g_assert_cmpuint (retry_after (soon_text), >, 30 * SECOND);
  g_assert_cmpuint (retry_after (soon_text), <=, 60 * SECOND);
  g_assert_cmpuint (retry_after (past_text), ==, 0);
  g_assert_cmpuint (
      retry_after ("Fri, 31 Dec 9999 23:59:59 GMT"), >, 3600 * SECOND);
}

/* -- from close codes ----------------------------------------------------- */

typedef struct {
  guint code;
  const gchar *reason;
  const gchar *error_code;
  Rt2FaultKind kind;
  const gchar *server_code;
} CloseCase;

static const CloseCase close_cases[] = {
  { 0, NULL, NULL, RT2_FAULT_LOST, NULL },
  { 1000, NULL, NULL, RT2_FAULT_CLOSED, NULL },
  { 1001, NULL, NULL, RT2_FAULT_EXPIRED, NULL },
  { 1001, NULL, "session_expired", RT2_FAULT_EXPIRED, "session_expired" },
  { 1000, NULL, "session_expired", RT2_FAULT_EXPIRED, "session_expired" },
  { 1002, NULL, NULL, RT2_FAULT_CLOSED, NULL },
  { 1005, NULL, NULL, RT2_FAULT_LOST, NULL },
  { 1006, NULL, NULL, RT2_FAULT_LOST, NULL },
  { 1008, NULL, NULL, RT2_FAULT_CLOSED, NULL },
  { 1011, "keepalive ping timeout", NULL, RT2_FAULT_LOST, NULL },
  { 1012, NULL, NULL, RT2_FAULT_LOST, NULL },
  { 1013, NULL, NULL, RT2_FAULT_LOST, NULL },
  { 3000, NULL, NULL, RT2_FAULT_AUTH, NULL },
  { 3000, NULL, "invalid_api_key", RT2_FAULT_AUTH, "invalid_api_key" },
  { 4000, NULL, NULL, RT2_FAULT_REJECTED, NULL },
  { 4000, NULL, "invalid_model", RT2_FAULT_NOT_FOUND, "invalid_model" },
  { 4000, "invalid_request_error.model_not_found", NULL, RT2_FAULT_NOT_FOUND,
      "model_not_found" },
  { 4000, "invalid_request_error.beta_api_shape_disabled", NULL,
      RT2_FAULT_REJECTED, "beta_api_shape_disabled" },
  { 4000, "invalid_request_error.model_not_found", "invalid_value",
      RT2_FAULT_REJECTED, "invalid_value" },
  { 4000, "It ends with a dot.", NULL, RT2_FAULT_REJECTED, NULL },
  { 4001, NULL, NULL, RT2_FAULT_CLOSED, NULL },
  /* What the server said before counts, however the line went down. */
  { 0, NULL, "insufficient_quota", RT2_FAULT_QUOTA, "insufficient_quota" },
  { 1001, NULL, "account_deactivated", RT2_FAULT_QUOTA, "account_deactivated" },
  { 1000, NULL, "billing_hard_limit_reached", RT2_FAULT_QUOTA,
      "billing_hard_limit_reached" },
  { 0, NULL, "invalid_value", RT2_FAULT_LOST, "invalid_value" },
};

static void
test_close (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (close_cases); i++) {
    const CloseCase *c = &close_cases[i];
    g_autoptr (Rt2Fault)
        fault = rt2_fault_from_close (c->code, c->reason, c->error_code, NULL);

    g_test_message ("%u %s %s: %s %s (%s)", c->code, c->reason ? c->reason : "",
        c->error_code ? c->error_code : "", fault->message, fault->hint,
        fault->debug);
    g_assert_cmpint (fault->kind, ==, c->kind);
    g_assert_cmpuint (fault->close_code, ==, c->code);
    g_assert_cmpstr (fault->server_code, ==, c->server_code);
    g_assert_nonnull (fault->message);
    g_assert_nonnull (fault->hint);
    if (c->reason != NULL)
      g_assert_nonnull (strstr (fault->debug, c->reason));
  }
}

static void
test_close_error_text (void)
{
  g_autoptr (Rt2Fault) fault = rt2_fault_from_close (
      4000, "why", "invalid_value", "The value\nis wrong.");

  g_assert_nonnull (strstr (fault->debug, "why"));
  g_assert_nonnull (strstr (fault->debug, "The value is wrong."));
}

static void
test_fatal_codes (void)
{
  static const gchar *const fatal[] = { "invalid_api_key", "insufficient_quota",
    "billing_hard_limit_reached", "account_deactivated",
    "credit_balance_exhausted", "invalid_model", "model_not_found",
    "call_id_not_found", "beta_api_shape_disabled" };
  static const gchar *const benign[] = { NULL, "", "session_expired",
    "rate_limit_exceeded", "server_error", "invalid_value",
    "conversation_already_has_active_response", "response_cancel_not_active",
    "INVALID_API_KEY", "invalid_api_key2", "invalid_api_ke" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (fatal); i++)
    g_assert_true (rt2_fault_code_is_fatal (fatal[i]));
  for (i = 0; i < G_N_ELEMENTS (benign); i++)
    g_assert_false (rt2_fault_code_is_fatal (benign[i]));
}

/* -- copies and secrets --------------------------------------------------- */

static void
test_copy (void)
{
  g_autoptr (Rt2Fault) fault = rt2_fault_new (RT2_FAULT_AUTH, "%s %d", "a", 5);
  g_autoptr (Rt2Fault) copy = NULL;

  fault->hint = g_strdup ("hint");
  fault->server_code = g_strdup ("code");
  fault->http_status = 401;
  fault->close_code = 3000;
  fault->retry_after = 7;
  copy = rt2_fault_copy (fault);
  g_assert_cmpstr (copy->message, ==, "a 5");
  g_assert_true (copy->message != fault->message);
  g_assert_cmpstr (copy->hint, ==, "hint");
  g_assert_true (copy->hint != fault->hint);
  g_assert_cmpstr (copy->server_code, ==, "code");
  g_assert_null (copy->debug);
  g_assert_cmpint (copy->kind, ==, RT2_FAULT_AUTH);
  g_assert_cmpuint (copy->http_status, ==, 401);
  g_assert_cmpuint (copy->close_code, ==, 3000);
  g_assert_cmpuint (copy->retry_after, ==, 7);
  g_assert_null (rt2_fault_copy (NULL));
  rt2_fault_free (NULL);
}

static void
test_redact (void)
{
  g_autoptr (Rt2Fault)
      fault = rt2_fault_new (RT2_FAULT_AUTH, "%s and %s", SECRET, SECRET);

  fault->debug = g_strdup ("cut in two: sk-very-sec");
  fault->hint = g_strdup ("set sk-");
  rt2_fault_redact (fault, NULL);
  rt2_fault_redact (fault, "");
  g_assert_cmpstr (fault->message, ==, SECRET " and " SECRET);
  rt2_fault_redact (fault, SECRET);
  g_assert_cmpstr (fault->message, ==, "*** and ***");
  g_assert_cmpstr (fault->debug, ==, "cut in two: ***");
  g_assert_cmpstr (fault->hint, ==, "set sk-");
  rt2_fault_redact (NULL, SECRET);
}

/* -- trying again --------------------------------------------------------- */

typedef struct {
  Rt2FaultKind kind;
  guint http_status;
  guint close_code;
  /* Under auto at the first failure: before and after a first success. */
  gboolean before, after;
} RetryCase;

static const RetryCase retry_cases[] = {
  { RT2_FAULT_NONE, 0, 0, FALSE, FALSE },
  { RT2_FAULT_SETTINGS, 0, 0, FALSE, FALSE },
  { RT2_FAULT_DNS, 0, 0, FALSE, TRUE },
  { RT2_FAULT_REFUSED, 0, 0, FALSE, TRUE },
  { RT2_FAULT_TIMEOUT, 0, 0, FALSE, TRUE },
  { RT2_FAULT_TLS, 0, 0, FALSE, FALSE },
  { RT2_FAULT_HTTP, 302, 0, FALSE, FALSE },
  { RT2_FAULT_HTTP, 400, 0, FALSE, FALSE },
  { RT2_FAULT_HTTP, 408, 0, TRUE, TRUE },
  { RT2_FAULT_HTTP, 501, 0, FALSE, FALSE },
  { RT2_FAULT_HTTP, 505, 0, FALSE, FALSE },
  { RT2_FAULT_AUTH, 401, 0, FALSE, FALSE },
  { RT2_FAULT_AUTH, 403, 0, FALSE, FALSE },
  { RT2_FAULT_AUTH, 0, 3000, FALSE, FALSE },
  { RT2_FAULT_NOT_FOUND, 404, 0, FALSE, FALSE },
  { RT2_FAULT_QUOTA, 429, 0, FALSE, FALSE },
  { RT2_FAULT_QUOTA, 0, 1001, FALSE, FALSE },
  { RT2_FAULT_BUSY, 429, 0, TRUE, TRUE },
  { RT2_FAULT_BUSY, 500, 0, TRUE, TRUE },
  { RT2_FAULT_BUSY, 502, 0, TRUE, TRUE },
  { RT2_FAULT_BUSY, 503, 0, TRUE, TRUE },
  { RT2_FAULT_BUSY, 504, 0, TRUE, TRUE },
  { RT2_FAULT_BUSY, 529, 0, TRUE, TRUE },
  { RT2_FAULT_REJECTED, 0, 4000, FALSE, FALSE },
  { RT2_FAULT_EXPIRED, 0, 1001, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 0, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 1005, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 1006, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 1011, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 1012, TRUE, TRUE },
  { RT2_FAULT_LOST, 0, 1013, TRUE, TRUE },
  { RT2_FAULT_CLOSED, 0, 1000, FALSE, FALSE },
  { RT2_FAULT_CLOSED, 0, 1002, FALSE, FALSE },
  { RT2_FAULT_CLOSED, 0, 1008, FALSE, FALSE },
  { RT2_FAULT_CLOSED, 0, 1015, FALSE, FALSE },
  { RT2_FAULT_CLOSED, 0, 4999, FALSE, FALSE },
  { RT2_FAULT_STALLED, 0, 0, TRUE, TRUE },
  { RT2_FAULT_PROTOCOL, 0, 0, FALSE, FALSE },
};

static void
check_retry (const RetryCase *c)
{
  Rt2Fault fault = {
    .kind = c->kind, .http_status = c->http_status, .close_code = c->close_code
  };
  /* What is fatal under auto after a success is fatal always. */
  gboolean ever = c->after;

  g_test_message (
      "kind %d, HTTP %u, close %u", c->kind, c->http_status, c->close_code);
  g_assert_cmpint (rt2_fault_should_retry (&fault, RT2_RETRIES_AUTO, 1, FALSE),
      ==, c->before);
  g_assert_cmpint (rt2_fault_should_retry (&fault, RT2_RETRIES_AUTO, 4, FALSE),
      ==, c->before);
  g_assert_false (rt2_fault_should_retry (&fault, RT2_RETRIES_AUTO, 5, FALSE));
  g_assert_cmpint (
      rt2_fault_should_retry (&fault, RT2_RETRIES_AUTO, 1, TRUE), ==, c->after);
  g_assert_cmpint (
      rt2_fault_should_retry (&fault, RT2_RETRIES_AUTO, 100000, TRUE), ==,
      c->after);
  g_assert_cmpint (
      rt2_fault_should_retry (&fault, RT2_RETRIES_FOREVER, 100000, FALSE), ==,
      ever);
  g_assert_false (rt2_fault_should_retry (&fault, 0, 1, TRUE));
  g_assert_cmpint (rt2_fault_should_retry (&fault, 3, 3, FALSE), ==, ever);
  g_assert_false (rt2_fault_should_retry (&fault, 3, 4, TRUE));
}

static void
test_retry (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (retry_cases); i++)
    check_retry (&retry_cases[i]);
  g_assert_false (rt2_fault_should_retry (NULL, RT2_RETRIES_FOREVER, 1, TRUE));
}

/* A fatal server code is fatal whatever else the fault says. */
static void
test_retry_fatal_code (void)
{
  Rt2Fault fault = { .kind = RT2_FAULT_LOST,
    .server_code = (gchar *) "insufficient_quota" };

  g_assert_false (
      rt2_fault_should_retry (&fault, RT2_RETRIES_FOREVER, 1, TRUE));
  fault.server_code = (gchar *) "server_error";
  g_assert_true (rt2_fault_should_retry (&fault, RT2_RETRIES_FOREVER, 1, TRUE));
}

static void
test_backoff (void)
{
  Rt2Fault fault = { .kind = RT2_FAULT_LOST };
  const guint64 max = 30 * SECOND;
  guint64 ceiling = SECOND / 2;
  guint attempt;

  for (attempt = 1; attempt < 80; attempt++) {
    guint64 most = rt2_fault_backoff (&fault, attempt, max, 0.999999);

    g_assert_cmpuint (rt2_fault_backoff (&fault, attempt, max, 0.0), ==, 0);
    g_assert_cmpuint (most, <=, ceiling);
    g_assert_cmpuint (most, >=, ceiling - ceiling / 1000);
    g_assert_cmpuint (
        rt2_fault_backoff (&fault, attempt, max, 0.5), ==, ceiling / 2);
    ceiling = MIN (ceiling * 2, max);
  }
  g_assert_cmpuint (
      rt2_fault_backoff (&fault, G_MAXUINT, max, 0.5), ==, max / 2);
  g_assert_cmpuint (rt2_fault_backoff (&fault, 9, 0, 0.5), ==, 0);
  g_assert_cmpuint (rt2_fault_backoff (NULL, 1, max, 0.5), ==, SECOND / 4);
  /* Without a maximum it still does not overflow. */
  g_assert_cmpuint (
      rt2_fault_backoff (&fault, 1000, G_MAXUINT64, 0.5), >=, 3600 * SECOND);
}

static void
test_backoff_retry_after (void)
{
  Rt2Fault fault = { .kind = RT2_FAULT_BUSY, .retry_after = 20 * SECOND };

  g_assert_cmpuint (
      rt2_fault_backoff (&fault, 1, 30 * SECOND, 0.0), ==, 20 * SECOND);
  g_assert_cmpuint (
      rt2_fault_backoff (&fault, 1, SECOND, 0.9), ==, 20 * SECOND);
  g_assert_cmpuint (
      rt2_fault_backoff (&fault, 20, 30 * SECOND, 0.9), ==, 27 * SECOND);
  fault.retry_after = G_MAXUINT64;
  g_assert_cmpuint (
      rt2_fault_backoff (&fault, 1, SECOND, 0.0), ==, 300 * SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fault/error", test_error);
  g_test_add_func ("/fault/refused-text", test_refused_text);
  g_test_add_func ("/fault/certificate", test_certificate);
  g_test_add_func ("/fault/http", test_http);
  g_test_add_func ("/fault/http/body-size", test_http_body_size);
  g_test_add_func ("/fault/http/hostile-text", test_http_hostile_text);
  g_test_add_func ("/fault/http/deep-body", test_http_deep_body);
  g_test_add_func ("/fault/retry-after", test_retry_after);
  g_test_add_func ("/fault/close", test_close);
  g_test_add_func ("/fault/close/error-text", test_close_error_text);
  g_test_add_func ("/fault/fatal-codes", test_fatal_codes);
  g_test_add_func ("/fault/copy", test_copy);
  g_test_add_func ("/fault/redact", test_redact);
  g_test_add_func ("/fault/retry", test_retry);
  g_test_add_func ("/fault/retry/fatal-code", test_retry_fatal_code);
  g_test_add_func ("/fault/backoff", test_backoff);
  g_test_add_func ("/fault/backoff/retry-after", test_backoff_retry_after);
  return g_test_run ();
}
