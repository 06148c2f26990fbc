/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images: what the sandbox sees in them, what it refuses, the books. */
#include <string.h>

#include "client.h"
#include "picture.h"
#include "pictures.h"

/* type: of the URI; more: further members of the part. */
static void
show (Client *client, const gchar *id, const gchar *type, const gchar *base64,
    const gchar *more)
{
  client_send (client,
      "{'type':'conversation.item.create','event_id':'show','item':{'id':'%s',"
      "'type':'message','role':'user','content':[{'type':'input_text','text':"
      "'Look:'},{'type':'input_image','image_url':'data:image/%s;base64,%s'"
      "%s}]}}",
      id, type, base64, more);
}

/* What the default answer says. */
static const gchar *
ask (Client *client, JsonObject **usage)
{
  JsonObject *done;

  client_send (client,
      "{'type':'response.create','response':{'output_modalities':['text']}}");
  done = client_wait (client, "response.done");
  if (usage != NULL)
    *usage = json_object_get_object_member (
        json_object_get_object_member (done, "response"), "usage");
  return json_text (done, "response.output[1].content[0].text");
}

#ifdef HAVE_GDK_PIXBUF
#define COLOUR(name) ", mostly " name ". "
#else
#define COLOUR(name) ". "
#endif

static void
test_described (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  const gchar *text;

  show (client, "one", "jpeg", red_jpeg, "");
  show (client, "two", "png", blue_png, "");
  show (client, "three", "png", white_png, "");
  text = ask (client, NULL);
  g_assert_nonnull (strstr (text, "You wrote: Look:. "));
  g_assert_nonnull (
      strstr (text, "You showed a JPEG picture of 40 by 30" COLOUR ("red")));
  g_assert_nonnull (
      strstr (text, "You showed a PNG picture of 16 by 9" COLOUR ("blue")));
  g_assert_nonnull (
      strstr (text, "You showed a PNG picture of 3 by 200" COLOUR ("white")));
  /* Once is enough. */
  g_assert_null (strstr (ask (client, NULL), "picture"));
}

static void
test_books (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) images = NULL, sent = NULL, gone = NULL;
  const SandboxImage *image;

  show (client, "one", "jpeg", red_jpeg, ",'detail':'low'");
  show (client, "two", "png", blue_png, "");
  client_send (client, "{'type':'conversation.item.delete','item_id':'one'}");
  client_wait (client, "conversation.item.deleted");
  images = sandbox_dup_images (fixture->sandbox);
  sent = sandbox_dup_sent (fixture->sandbox, "conversation.item.done");
  gone = sandbox_dup_sent (fixture->sandbox, "conversation.item.deleted");
  g_assert_cmpuint (images->len, ==, 2);
  image = g_ptr_array_index (images, 0);
  g_assert_cmpstr (image->item_id, ==, "one");
  g_assert_cmpstr (image->format, ==, "JPEG");
  g_assert_cmpstr (image->detail, ==, "low");
  g_assert_cmpuint (image->width, ==, 40);
  g_assert_cmpuint (image->height, ==, 30);
  g_assert_cmpuint (image->bytes, ==, strlen (red_jpeg) / 4 * 3);
  g_assert_cmpuint (
      image->order, ==, ((SandboxRecord *) g_ptr_array_index (sent, 0))->order);
  g_assert_cmpuint (image->deleted, ==,
      ((SandboxRecord *) g_ptr_array_index (gone, 0))->order);
  image = g_ptr_array_index (images, 1);
  g_assert_cmpstr (image->format, ==, "PNG");
  g_assert_null (image->detail);
  g_assert_cmpuint (image->deleted, ==, 0);
#ifdef HAVE_GDK_PIXBUF
  g_assert_true (image->mean_known);
  g_assert_cmpuint (image->mean[0], ==, 32);
  g_assert_cmpuint (image->mean[1], ==, 64);
  g_assert_cmpuint (image->mean[2], ==, 224);
  g_assert_cmpstr (image->colour, ==, "blue");
#endif
}

static void
test_tokens (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  JsonObject *usage;
  gint64 small, both;

  show (client, "one", "jpeg", red_jpeg, ",'detail':'low'");
  ask (client, &usage);
  small = json_int (usage, "input_token_details.image_tokens");
  g_assert_cmpint (small, >, 0);
  show (client, "two", "png", blue_png, ",'detail':'high'");
  ask (client, &usage);
  both = json_int (usage, "input_token_details.image_tokens");
  g_assert_cmpint (both, >, 2 * small);
  g_assert_cmpint (json_int (usage, "input_tokens"), ==,
      both + json_int (usage, "input_token_details.text_tokens")
          + json_int (usage, "input_token_details.audio_tokens"));
  client_send (client, "{'type':'conversation.item.delete','item_id':'two'}");
  ask (client, &usage);
  g_assert_cmpint (
      json_int (usage, "input_token_details.image_tokens"), ==, small);
}

/* In a response's own input. */
static void
test_aside (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) images = NULL;
  JsonObject *done;

  client_send (client,
      "{'type':'response.create','response':{'conversation':'none',"
      "'output_modalities':['text'],'input':[{'type':'message','role':'user',"
      "'content':[{'type':'input_image','image_url':"
      "'data:image/png;base64,%s'}]}]}}",
      blue_png);
  done = client_wait (client, "response.done");
  g_assert_nonnull (
      strstr (json_text (done, "response.output[1].content[0].text"),
          "a PNG picture of 16 by 9"));
  g_assert_cmpint (
      json_int (done, "response.usage.input_token_details.image_tokens"), >, 0);
  images = sandbox_dup_images (fixture->sandbox);
  g_assert_cmpuint (images->len, ==, 1);
  g_assert_null (((SandboxImage *) g_ptr_array_index (images, 0))->item_id);
}

/* why: how the message ends. */
static void
refuse (
    Client *client, const gchar *type, const gchar *base64, const gchar *why)
{
  JsonObject *error;

  show (client, "bad", type, base64, "");
  error = client_expect_error (client, "invalid_value");
  g_assert_cmpstr (json_text (error, "param"), ==, "item.content[1].image_url");
  g_assert_cmpstr (json_text (error, "event_id"), ==, "show");
  g_assert_true (g_str_has_suffix (json_text (error, "message"), why));
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture->client;
  g_autoptr (GPtrArray) images = NULL;

  refuse (client, "gif",
      "R0lGODlhAQABAAAAACw=", "no data URI of one of these types.");
  refuse (client, "webp", blue_png, "no data URI of one of these types.");
  refuse (client, "png", red_jpeg, "not of the type that its URI says.");
  refuse (client, "jpeg", blue_png, "not of the type that its URI says.");
  refuse (client, "png", "", "neither a PNG nor a JPEG.");
  refuse (client, "png", "iVBORw0KGgo=", "The PNG is cut short.");
  refuse (client, "jpeg", "/9j/", "The JPEG is cut short.");
  refuse (client, "png", "%%%%", "It is not base64.");
  refuse (client, "png", "AAAA", "neither a PNG nor a JPEG.");
  client_send (client,
      "{'type':'conversation.item.create','item':{'type':'message',"
      "'role':'user','content':[{'type':'input_image','image_url':"
      "'https://example.net/a.png'}]}}");
  client_expect_error (client, "invalid_value");
  client_fence (client);
  g_assert_cmpuint (client_count (client, "conversation.item.added"), ==, 0);
  images = sandbox_dup_images (fixture->sandbox);
  g_assert_cmpuint (images->len, ==, 0);
}

/* Wherever a picture is cut, the rest is none. */
static void
refuse_cuts (const gchar *type, const gchar *base64)
{
  gsize size, i;
  g_autofree guint8 *data = g_base64_decode (base64, &size);

  for (i = 0; i <= size; i++) {
    g_autofree gchar *cut = g_base64_encode (data, i);
    g_autofree gchar *uri = g_strdup_printf (
        "data:image/%s;base64,%s", type, cut);
    const gchar *why = NULL;
    Picture picture;

    g_assert_cmpint (picture_read_uri (uri, &picture, &why), ==, i == size);
    g_assert_cmpint (why != NULL, ==, i < size);
  }
}

static void
test_cut (void)
{
  refuse_cuts ("png", blue_png);
  refuse_cuts ("jpeg", red_jpeg);
}

/* Bytes may be anything: no crash, and no size that was not there. */
static void
test_spoilt (void)
{
  static const gchar *const all[][2] = { { "png", blue_png },
    { "jpeg", red_jpeg } };
  guint i, bits;

  for (i = 0; i < G_N_ELEMENTS (all); i++) {
    gsize size, at;
    g_autofree guint8 *data = g_base64_decode (all[i][1], &size);

    for (at = 0; at < size; at++)
      for (bits = 1; bits < 256; bits = bits * 4 + 3) {
        g_autofree gchar *base64 = NULL, *uri = NULL;
        Picture picture;

        data[at] ^= bits;
        base64 = g_base64_encode (data, size);
        uri = g_strdup_printf ("data:image/%s;base64,%s", all[i][0], base64);
        if (picture_read_uri (uri, &picture, NULL)) {
          g_assert_cmpuint (picture.width, >, 0);
          g_assert_cmpuint (picture.height, >, 0);
        }
        data[at] ^= bits;
      }
  }
}

#define ADD(name, function)                                                    \
  g_test_add ("/sandbox/images/" name, Fixture, NULL, fixture_set_up,          \
      function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("described", test_described);
  ADD ("books", test_books);
  ADD ("tokens", test_tokens);
  ADD ("aside", test_aside);
  ADD ("refused", test_refused);
  g_test_add_func ("/sandbox/images/cut", test_cut);
  g_test_add_func ("/sandbox/images/spoilt", test_spoilt);
  return g_test_run ();
}
