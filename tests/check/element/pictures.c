/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures for image_sink, and what the server got of them.
 */
#include "pictures.h"

#include <string.h>

GByteArray *
pictures_make (const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = g_byte_array_new ();
  gsize head;

  g_byte_array_append (picture, (const guint8 *) magic, strlen (magic));
  g_byte_array_append (picture, (const guint8 *) &number, sizeof number);
  head = picture->len;
  g_byte_array_set_size (picture, size);
  if (size > head)
    memset (picture->data + head, 'x', size - head);
  return picture;
}

/* Its data URI. */
static gchar *
make_uri (const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = pictures_make (magic, number, size);
  gchar *base64 = g_base64_encode (picture->data, picture->len);
  gchar *uri = g_strconcat ("data:image/",
      *magic == *PICTURE_PNG ? "png" : "jpeg", ";base64,", base64, NULL);

  g_free (base64);
  g_byte_array_unref (picture);
  return uri;
}

Feed *
pictures_feed_on (Talk *talk, const gchar *mode)
{
  Feed *feed = feed_new (talk, "image_sink", "image/jpeg", GST_FORMAT_TIME);

  gst_util_set_object_arg (G_OBJECT (talk->element), "image-mode", mode);
  return feed;
}

Feed *
pictures_feed (const gchar *mode)
{
  return pictures_feed_on (talk_new_playing (), mode);
}

Feed *
pictures_feed_manual (const gchar *mode)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "turn-detection", "none");
  talk_play (talk, &law_pcm);
  return pictures_feed_on (talk, mode);
}

void
pictures_free (Feed *feed)
{
  Talk *talk = feed->talk;

  feed_free (feed);
  talk_free (talk);
}

void
pictures_push_sized (Feed *feed, const gchar *magic, guint number, gsize size)
{
  GByteArray *picture = pictures_make (magic, number, size);

  fail_unless_equals_int (
      feed_push (feed, picture->data, picture->len, GST_CLOCK_TIME_NONE),
      GST_FLOW_OK);
  g_byte_array_unref (picture);
}

void
pictures_push (Feed *feed, guint number)
{
  pictures_push_sized (feed, PICTURE_JPEG, number, 100);
}

gboolean
pictures_show (Talk *talk)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (talk->element, "send-image", NULL, NULL, &taken);
  return taken;
}

JsonObject *
pictures_part (Talk *talk, guint i)
{
  JsonObject *item = json_object_get_object_member (
      peer_event (talk->peer, PICTURES_ITEM, i), "item");

  return json_array_get_object_element (
      json_object_get_array_member (item, "content"), 0);
}

const gchar *
pictures_id (Talk *talk, guint i)
{
  return json_object_get_string_member (
      json_object_get_object_member (
          peer_event (talk->peer, PICTURES_ITEM, i), "item"),
      "id");
}

void
pictures_assert_sized (
    Talk *talk, guint i, const gchar *magic, guint number, gsize size)
{
  JsonObject *part = pictures_part (talk, i);
  gchar *uri = make_uri (magic, number, size);

  fail_unless_equals_string (
      json_object_get_string_member (part, "type"), "input_image");
  fail_unless_equals_string (
      json_object_get_string_member (part, "image_url"), uri);
  g_free (uri);
}

void
pictures_assert (Talk *talk, guint i, guint number)
{
  pictures_assert_sized (talk, i, PICTURE_JPEG, number, 100);
}

void
pictures_assert_no_more (Talk *talk, guint i)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (
      talk->element, "send-text", "assistant", "That was all.", &taken);
  fail_unless (taken);
  fail_unless_equals_string (
      json_object_get_string_member (pictures_part (talk, i), "text"),
      "That was all.");
}
