/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures for image_sink, and what the server got of them. Nobody looks
 * further than at their first bytes.
 */
#pragma once

#include "feed.h"

G_BEGIN_DECLS

#define PICTURE_JPEG "\xff\xd8\xff"
#define PICTURE_PNG "\x89PNG\r\n\x1a\n"

/* The event that a picture is sent in. */
#define PICTURES_ITEM "conversation.item.create"

/* Picture number @number, @size bytes. Caller owns it. */
GByteArray *pictures_make (const gchar *magic, guint number, gsize size);

/* What feeds image_sink, with that image-mode: of @talk, of one that plays, of
 * one whose turns are what is committed. */
Feed *pictures_feed_on (Talk *talk, const gchar *mode);
Feed *pictures_feed (const gchar *mode);
Feed *pictures_feed_manual (const gchar *mode);
/* The talk, too. */
void pictures_free (Feed *feed);

/* The second is a small JPEG. */
void pictures_push_sized (
    Feed *feed, const gchar *magic, guint number, gsize size);
void pictures_push (Feed *feed, guint number);

/* Asks for the newest picture. */
gboolean pictures_show (Talk *talk);

/* Of item number @i that the server got. */
JsonObject *pictures_part (Talk *talk, guint i);
const gchar *pictures_id (Talk *talk, guint i);

/* Item number @i shows this picture. */
void pictures_assert_sized (
    Talk *talk, guint i, const gchar *magic, guint number, gsize size);
void pictures_assert (Talk *talk, guint i, guint number);

/* What was to be sent by now is: a text that goes the same way, and takes no
 * turn, is item number @i. */
void pictures_assert_no_more (Talk *talk, guint i);

G_END_DECLS
