/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong with a connection, what to tell the user, and whether trying
 * again can help. Pure.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  RT2_FAULT_NONE,
  RT2_FAULT_SETTINGS, /* no key, key over cleartext, bad uri, refused
                       * configuration: nothing to do with the net */
  RT2_FAULT_DNS,
  RT2_FAULT_REFUSED,   /* nobody listens, no route, no end of the handshake */
  RT2_FAULT_TIMEOUT,   /* no answer in connect-timeout */
  RT2_FAULT_TLS,       /* certificate not trusted, or no TLS there */
  RT2_FAULT_HTTP,      /* upgrade refused, see http_status */
  RT2_FAULT_AUTH,      /* key refused: HTTP 401, 403, close 3000 */
  RT2_FAULT_NOT_FOUND, /* HTTP 404, unknown model */
  RT2_FAULT_QUOTA,     /* account: quota, billing, deactivated */
  RT2_FAULT_BUSY,      /* HTTP 429, 5xx: try later */
  RT2_FAULT_REJECTED,  /* close 4000: the server refused the session */
  RT2_FAULT_EXPIRED,   /* session_expired, close 1001 */
  RT2_FAULT_LOST,      /* TCP gone, 1005, 1006, 1011 … */
  RT2_FAULT_CLOSED,    /* the server closed with another code */
  RT2_FAULT_STALLED,   /* watchdog: no traffic at all */
  RT2_FAULT_PROTOCOL,  /* what came was not the Realtime protocol */
} Rt2FaultKind;

typedef struct {
  Rt2FaultKind kind;
  gchar *message;      /* one sentence: what happened. No secrets */
  gchar *hint;         /* one sentence: what to do. May be NULL */
  gchar *debug;        /* details for a log. May be NULL. No secrets */
  guint http_status;   /* 0 = none */
  guint close_code;    /* WebSocket, 0 = none */
  gchar *server_code;  /* error.code of the server, may be NULL */
  guint64 retry_after; /* ns, from Retry-After; 0 = not said */
} Rt2Fault;

/* Takes printf arguments for `message`. */
Rt2Fault *rt2_fault_new (Rt2FaultKind kind, const gchar *message, ...)
    G_GNUC_PRINTF (2, 3);
Rt2Fault *rt2_fault_copy (const Rt2Fault *fault);
void rt2_fault_free (Rt2Fault *fault);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Fault, rt2_fault_free)

/* Replaces every @secret in the texts of @fault by "***": a server may echo
 * what it was sent. @secret may be NULL. */
void rt2_fault_redact (Rt2Fault *fault, const gchar *secret);

/* A copy of @text (may be NULL) with *** for @secret (may be NULL). */
gchar *rt2_redact (const gchar *text, const gchar *secret);

/* No answer in connect-timeout. @where is "host:port" for the message. */
Rt2Fault *rt2_fault_new_timeout (const gchar *where);

/* From a GError of the connection attempt (resolver, socket, TLS). @where is
 * "host:port" for the message. */
Rt2Fault *rt2_fault_from_error (const GError *error, const gchar *where);

/* From a certificate that was refused: @flags say what is wrong with it, which
 * the GError of the attempt does not. */
Rt2Fault *rt2_fault_from_certificate (
    GTlsCertificateFlags flags, const gchar *where);

/* From a refused upgrade: the HTTP status, the first bytes of the body (JSON
 * {"error":{"code","message"}} is understood, anything else is ignored) and the
 * Retry-After header (seconds or HTTP date; may be NULL). */
Rt2Fault *rt2_fault_from_http (guint status, const gchar *body, gsize size,
    const gchar *retry_after, const gchar *where);

/* From the end of an open connection: close @code (0 = TCP lost), @reason, and
 * the code and message of the last `error` event before it (may be NULL). */
Rt2Fault *rt2_fault_from_close (guint code, const gchar *reason,
    const gchar *error_code, const gchar *error_message);

/* TRUE if this server error code ends the session for good and no retry helps:
 * invalid_api_key, insufficient_quota, billing_hard_limit_reached,
 * account_deactivated, credit_balance_exhausted, invalid_model,
 * model_not_found, call_id_not_found, beta_api_shape_disabled. */
gboolean rt2_fault_code_is_fatal (const gchar *server_code);

#define RT2_RETRIES_AUTO (-2)
#define RT2_RETRIES_FOREVER (-1)

/* Whether to connect again. @retries is the property (-2 auto, -1 for ever, n);
 * @attempts how many tries failed in a row since the last success (this one
 * included); @configured whether this run ever had a session.updated.
 * Fatal always: SETTINGS, AUTH, NOT_FOUND, QUOTA, REJECTED, TLS, PROTOCOL, HTTP
 * statuses other than 408, 429 and 5xx (but 501 and 505), close codes other
 * than 0, 1001, 1005, 1006, 1011, 1012, 1013 (EXPIRED may come with any code
 * and is always tried again). Under auto, before the first success: DNS,
 * REFUSED and TIMEOUT are fatal too; the rest is tried 5 times in all. Under
 * auto after a success: for ever. Under n: n times after the first try. */
gboolean rt2_fault_should_retry (
    const Rt2Fault *fault, gint retries, guint attempts, gboolean configured);

/* How long to wait before try number @attempt (1 = first retry), in ns: full
 * jitter over 500 ms * 2^(attempt-1), at most @max, never below retry_after
 * (which is capped at 5 minutes). @random is uniform in [0, 1). */
guint64 rt2_fault_backoff (
    const Rt2Fault *fault, guint attempt, guint64 max, gdouble random);

G_END_DECLS
