/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key to connect with, from a file of its own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of the longest key. */
#define RT2_KEY_FILE_MAX 8192

/* The first line of the file at @path without the white space around it. New
 * string, to be wiped. NULL, and an error, if the file can't be read, if there
 * is nothing in that line, or what is no key: longer than RT2_KEY_FILE_MAX, or
 * with anything in it but printable ASCII. The error quotes nothing of the
 * file. *exposed: anybody on this machine may read it. No copy is left behind.
 */
gchar *rt2_key_file_read (const gchar *path, gboolean *exposed, GError **error);

G_END_DECLS
