/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures that a client shows: what they are, how big, and of what colour. */
#ifndef SANDBOX_PICTURE_H
#define SANDBOX_PICTURE_H

#include "wire.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *format; /* "JPEG" or "PNG"; static */
  guint width, height; /* pixels */
  gsize bytes;         /* of the file */
  gboolean mean_known; /* only if the sandbox was built with gdk-pixbuf */
  guint8 mean[3];      /* red, green, blue; what is transparent is not seen */
} Picture;

/* A data URI with a whole PNG or JPEG. Else FALSE, and why (a sentence;
 * static) if why is not NULL. */
gboolean picture_read_uri (
    const gchar *uri, Picture *picture, const gchar **why);
/* A word for the mean colour, "red" or "grey"; NULL: not known. */
const gchar *picture_colour (const Picture *picture);

G_END_DECLS

#endif
