/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures that a client shows: what they are, how big, and of what colour.
 * Size and completeness are read here; only the colour needs a decoder. */
#include "picture.h"

#include <string.h>

#ifdef HAVE_GDK_PIXBUF
#include <gdk-pixbuf/gdk-pixbuf.h>
#endif

/* A decoder would take 4 bytes for each pixel. */
#define MAX_PIXELS (64 * 1024 * 1024)

static const guint8 png_signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a,
  '\n' };

static guint
read_be16 (const guint8 *data)
{
  return (guint) data[0] << 8 | data[1];
}

static guint
read_be32 (const guint8 *data)
{
  return (guint) read_be16 (data) << 16 | read_be16 (data + 2);
}

static gboolean
refuse (const gchar **why, const gchar *sentence)
{
  if (why != NULL)
    *why = sentence;
  return FALSE;
}

/* ---- PNG: a chain of chunks from IHDR to IEND ---- */

static gboolean
read_png (const guint8 *data, gsize size, Picture *picture, const gchar **why)
{
  gsize at = sizeof png_signature;

  if (size < at + 25 || memcmp (data + at + 4, "IHDR", 4) != 0)
    return refuse (why, "The PNG is cut short.");
  picture->width = read_be32 (data + at + 8);
  picture->height = read_be32 (data + at + 12);
  while (size - at >= 12) {
    gsize length = read_be32 (data + at);

    if (length > size - at - 12)
      break;
    if (memcmp (data + at + 4, "IEND", 4) == 0)
      return TRUE;
    at += length + 12;
  }
  return refuse (why, "The PNG is cut short.");
}

/* ---- JPEG: a chain of segments to the scan, then the end marker ---- */

/* SOF0 ... SOF15 without DHT, JPG and DAC. */
static gboolean
is_frame_header (guint8 marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8
      && marker != 0xcc;
}

static gboolean
has_end (const guint8 *data, gsize size, gsize from)
{
  gsize i;

  for (i = size; i >= from + 2; i--)
    if (data[i - 2] == 0xff && data[i - 1] == 0xd9)
      return TRUE;
  return FALSE;
}

static gboolean
read_jpeg (const guint8 *data, gsize size, Picture *picture, const gchar **why)
{
  gsize at = 2;

  while (at + 4 <= size && data[at] == 0xff) {
    guint8 marker = data[at + 1];
    gsize length = read_be16 (data + at + 2);

    if (marker == 0xff) {
      at++;
      continue;
    }
    if (length < 2 || length > size - at - 2)
      break;
    if (is_frame_header (marker) && length >= 8) {
      picture->height = read_be16 (data + at + 5);
      picture->width = read_be16 (data + at + 7);
    }
    if (marker == 0xda)
      return (picture->width > 0 && has_end (data, size, at + 2 + length))
          || refuse (why, "The JPEG is cut short.");
    at += length + 2;
  }
  return refuse (why, "The JPEG is cut short.");
}

/* ---- colour ---- */

#ifdef HAVE_GDK_PIXBUF
/* Sums of what is seen, on black. */
static void
read_mean (GdkPixbuf *pixbuf, Picture *picture)
{
  const guint8 *pixels = gdk_pixbuf_read_pixels (pixbuf);
  gint channels = gdk_pixbuf_get_n_channels (pixbuf);
  gint stride = gdk_pixbuf_get_rowstride (pixbuf);
  gint width = gdk_pixbuf_get_width (pixbuf);
  gint height = gdk_pixbuf_get_height (pixbuf), x, y, i;
  guint64 sums[3] = { 0 }, weight = 0;

  for (y = 0; y < height; y++)
    for (x = 0; x < width; x++) {
      const guint8 *pixel = pixels + (gsize) y * stride + (gsize) x * channels;
      guint alpha = channels == 4 ? pixel[3] : 255;

      for (i = 0; i < 3; i++)
        sums[i] += (guint64) pixel[i] * alpha;
      weight += alpha;
    }
  for (i = 0; i < 3 && weight > 0; i++)
    picture->mean[i] = sums[i] / weight;
  picture->mean_known = weight > 0;
}

static gboolean
decode (const guint8 *data, gsize size, Picture *picture)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  gboolean fine = gdk_pixbuf_loader_write (loader, data, size, NULL);

  /* Closed in any case: an open loader complains when it is freed. */
  fine = gdk_pixbuf_loader_close (loader, NULL) && fine;
  if (!fine || gdk_pixbuf_loader_get_pixbuf (loader) == NULL)
    return FALSE;
  read_mean (gdk_pixbuf_loader_get_pixbuf (loader), picture);
  return TRUE;
}
#else
static gboolean
decode (const guint8 *data, gsize size, Picture *picture)
{
  return TRUE;
}
#endif

static const gchar *
name_hue (guint hue)
{
  static const struct {
    guint end; /* degrees */
    const gchar *name;
  } names[] = { { 15, "red" }, { 45, "orange" }, { 70, "yellow" },
    { 165, "green" }, { 195, "cyan" }, { 260, "blue" }, { 290, "purple" },
    { 345, "pink" }, { 361, "red" } };
  guint i = 0;

  while (hue >= names[i].end)
    i++;
  return names[i].name;
}

const gchar *
picture_colour (const Picture *picture)
{
  gint r = picture->mean[0], g = picture->mean[1], b = picture->mean[2];
  gint high = MAX (r, MAX (g, b)), spread = high - MIN (r, MIN (g, b)), hue;

  if (!picture->mean_known)
    return NULL;
  if (high < 40)
    return "black";
  if (spread * 5 < high)
    return high > 215 ? "white" : "grey";
  if (high == r)
    hue = 60 * (g - b) / spread;
  else if (high == g)
    hue = 120 + 60 * (b - r) / spread;
  else
    hue = 240 + 60 * (r - g) / spread;
  return name_hue ((hue + 360) % 360);
}

/* ---- all of it ---- */

/* The bytes must be what the URI says. */
static gboolean
read_bytes (const guint8 *data, gsize size, gboolean png, Picture *picture,
    const gchar **why)
{
  static const guint8 jpeg_signature[] = { 0xff, 0xd8, 0xff };
  gboolean is_png = size >= sizeof png_signature
      && memcmp (data, png_signature, sizeof png_signature) == 0;
  gboolean is_jpeg = size >= sizeof jpeg_signature
      && memcmp (data, jpeg_signature, sizeof jpeg_signature) == 0;

  if (!(png ? is_png : is_jpeg))
    return refuse (why,
        is_png || is_jpeg ? "The image is not of the type that its URI says."
                          : "It is neither a PNG nor a JPEG.");
  picture->format = png ? "PNG" : "JPEG";
  picture->bytes = size;
  if (!(png ? read_png (data, size, picture, why)
            : read_jpeg (data, size, picture, why)))
    return FALSE;
  if (picture->width == 0 || picture->height == 0
      || (guint64) picture->width * picture->height > MAX_PIXELS)
    return refuse (why, "The image has no pixels, or too many.");
  return decode (data, size, picture)
      || refuse (why, "The image cannot be decoded.");
}

gboolean
picture_read_uri (const gchar *uri, Picture *picture, const gchar **why)
{
  static const gchar png[] = "data:image/png;base64,";
  static const gchar jpeg[] = "data:image/jpeg;base64,";
  gboolean is_png = g_str_has_prefix (uri, png);
  g_autofree guint8 *data = NULL;
  gsize size = 0;

  *picture = (Picture){ 0 };
  if (!is_png && !g_str_has_prefix (uri, jpeg))
    return refuse (why, "It is no data URI of one of these types.");
  uri += is_png ? sizeof png - 1 : sizeof jpeg - 1;
  if (!wire_decode_base64 (uri, &data, &size))
    return refuse (why, "It is not base64.");
  return read_bytes (data, size, is_png, picture, why);
}
