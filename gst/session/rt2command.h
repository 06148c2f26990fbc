/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the application asks a session to do. A command is checked when it is
 * made, so that whoever asks is told at once; the session carries it out when
 * it can. Pure.
 */
#pragma once

#include "rt2types.h"

G_BEGIN_DECLS

#define RT2_COMMAND_ERROR (rt2_command_error_quark ())
GQuark rt2_command_error_quark (void);

typedef enum {
  RT2_COMMAND_ERROR_VALUE, /* an argument is missing, malformed or too long */
} Rt2CommandError;

typedef enum {
  RT2_COMMAND_COMMIT_INPUT,    /* the user's turn ends here */
  RT2_COMMAND_CLEAR_INPUT,     /* what was said since the last turn is void */
  RT2_COMMAND_SEND_TEXT,       /* a written message */
  RT2_COMMAND_SEND_IMAGE,      /* a picture that the user shows */
  RT2_COMMAND_CREATE_RESPONSE, /* the agent should speak */
  RT2_COMMAND_CANCEL_RESPONSE, /* it should stop */
  RT2_COMMAND_FUNCTION_RESULT, /* the output of a function call */
  RT2_COMMAND_APPROVE_MCP,     /* whether an MCP tool may be used */
  RT2_COMMAND_CLIENT_EVENT,    /* an event, sent as it is */
} Rt2CommandKind;

/* Whether a written message cuts off what the agent is saying. */
typedef enum {
  RT2_INTERRUPT_AUTO, /* the user's does, others wait for their turn */
  RT2_INTERRUPT_YES,
  RT2_INTERRUPT_NO,
} Rt2Interrupt;

/* One command; which fields are set goes by `kind`. */
typedef struct {
  Rt2CommandKind kind;

  /* SEND_TEXT */
  Rt2Role role;
  Rt2Interrupt interrupt;
  gboolean respond; /* a response is to follow */
  gint priority;    /* of that response: the highest goes first */
  gint64 expires;   /* monotonic us after which it is not sent any more; 0 =
                     * never */

  /* SEND_IMAGE */
  GBytes *image;
  gchar *media_type; /* "image/jpeg" or "image/png" */
  gchar *detail;     /* "auto", "low", "high" */
  gboolean newest;   /* while it waits, a newer one takes its place */

  gchar *id;        /* of a call, or of an approval request */
  gchar *text;      /* of a message, the output of a function, or JSON: the
                     * parameters of a response (NULL = none), or an event */
  gboolean approve; /* APPROVE_MCP */
  gboolean silent;  /* FUNCTION_RESULT: no response follows from it */
} Rt2Command;

/* Bytes of the texts above. A function's output is bounded as well as what a
 * user writes; an event may carry audio. */
#define RT2_COMMAND_MAX_TEXT (1024 * 1024)
#define RT2_COMMAND_MAX_EVENT (16 * 1024 * 1024)

/* Bytes of a picture: an event may have 15 MiB, in base64. */
#define RT2_COMMAND_MAX_IMAGE (10 * 1024 * 1024)

/* Each gives NULL and @error if an argument can't be used: @text is not UTF-8
 * or too long, @role cannot be written by a client, @json is not an object, an
 * event lacks its type, an id is empty or longer than the server takes. */
Rt2Command *rt2_command_new (Rt2CommandKind kind);
Rt2Command *rt2_command_new_text (
    const gchar *role, const gchar *text, GError **error);
/* @data must be a picture of @media_type, by its first bytes. */
Rt2Command *rt2_command_new_image (
    GBytes *data, const gchar *media_type, const gchar *detail, GError **error);
/* @json NULL or "" = a plain response. */
Rt2Command *rt2_command_new_response (const gchar *json, GError **error);
Rt2Command *rt2_command_new_result (
    const gchar *call_id, const gchar *output, GError **error);
Rt2Command *rt2_command_new_approval (
    const gchar *request_id, gboolean approve, GError **error);
Rt2Command *rt2_command_new_event (const gchar *json, GError **error);
void rt2_command_free (Rt2Command *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Command, rt2_command_free)

/* The monotonic us @ns from now; 0 = never stays so. */
gint64 rt2_command_expiry (guint64 ns);

/* Whether a SEND_TEXT cuts off what the agent is saying. */
gboolean rt2_command_interrupts (const Rt2Command *command);

/* Whether a CREATE_RESPONSE asks for one outside the conversation. */
gboolean rt2_command_is_out_of_band (const Rt2Command *command);

/* Bytes that it holds. */
gsize rt2_command_size (const Rt2Command *command);

G_END_DECLS
