/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard in front of json-glib. For rt2json.c only.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Checks that the @size bytes at @text are one JSON value by RFC 8259 within
 * the limits of rt2json.h; FALSE sets an RT2_JSON_ERROR. What json-glib would
 * misread although it is valid JSON (see rt2jsonscan.c) is rewritten: then, and
 * only then, *rewritten is a new string to parse in place of @text. */
gboolean rt2_json_scan (
    const gchar *text, gsize size, GString **rewritten, GError **error);

G_END_DECLS
