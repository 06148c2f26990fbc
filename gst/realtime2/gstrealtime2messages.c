/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bus messages.
 */
#include "gstrealtime2messages.h"

#include "gstrealtime2fields.h"

#define GST_CAT_DEFAULT gst_realtime2_debug

void
gst_realtime2_post_structure (GstRealtime2 *self, GstStructure *fields)
{
  guint64 now = gst_realtime2_running_time (self);

  gst_realtime2_set_time (fields, "running-time", now);
  GST_DEBUG_OBJECT (self, "%s", gst_structure_get_name (fields));
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), fields));
}

/* A text that there is none of is a field that is not there. */
static gboolean
is_there (GQuark field, GValue *value, gpointer unused)
{
  return !G_VALUE_HOLDS_STRING (value) || g_value_get_string (value);
}

void
gst_realtime2_post (GstRealtime2 *self, const gchar *name, ...)
{
  gchar *full_name = g_strconcat ("realtime2/", name, NULL);
  GstStructure *fields = gst_structure_new_empty (full_name);
  const gchar *first;
  va_list args;

  va_start (args, name);
  first = va_arg (args, const gchar *);
  if (first)
    gst_structure_set_valist (fields, first, args);
  va_end (args);
  g_free (full_name);
  gst_structure_filter_and_map_in_place (fields, is_there, NULL);
  gst_realtime2_post_structure (self, fields);
}

gchar *
gst_realtime2_fault_text (const Rt2Fault *fault)
{
  if (!fault->hint)
    return g_strdup (fault->message);
  return g_strconcat (fault->message, " ", fault->hint, NULL);
}

typedef struct {
  GQuark domain;
  gint code;
} Error;

static Error
error_of (Rt2FaultKind kind)
{
  GQuark resource = GST_RESOURCE_ERROR;

  switch (kind) {
    case RT2_FAULT_SETTINGS:
    case RT2_FAULT_REJECTED:
      return (Error){ resource, GST_RESOURCE_ERROR_SETTINGS };
    case RT2_FAULT_AUTH:
      return (Error){ resource, GST_RESOURCE_ERROR_NOT_AUTHORIZED };
    case RT2_FAULT_NOT_FOUND:
      return (Error){ resource, GST_RESOURCE_ERROR_NOT_FOUND };
    case RT2_FAULT_QUOTA:
    case RT2_FAULT_BUSY:
      return (Error){ resource, GST_RESOURCE_ERROR_BUSY };
    case RT2_FAULT_DNS:
    case RT2_FAULT_REFUSED:
    case RT2_FAULT_TIMEOUT:
    case RT2_FAULT_TLS:
    case RT2_FAULT_HTTP:
      return (Error){ resource, GST_RESOURCE_ERROR_OPEN_READ_WRITE };
    case RT2_FAULT_PROTOCOL:
      return (Error){ GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE };
    default:
      return (Error){ resource, GST_RESOURCE_ERROR_READ };
  }
}

static GstStructure *
details_of (const Rt2Fault *fault)
{
  GstStructure *details = gst_structure_new_empty ("details");

  if (fault->http_status)
    gst_structure_set (
        details, "http-status-code", G_TYPE_UINT, fault->http_status, NULL);
  if (fault->close_code)
    gst_structure_set (
        details, "close-code", G_TYPE_UINT, fault->close_code, NULL);
  gst_realtime2_set_string (details, "server-code", fault->server_code);
  return details;
}

void
gst_realtime2_post_fault (GstRealtime2 *self, const Rt2Fault *fault)
{
  Error error = error_of (fault->kind);

  gst_element_message_full_with_details (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error.domain, error.code, gst_realtime2_fault_text (fault),
      g_strdup (fault->debug), __FILE__, GST_FUNCTION, __LINE__,
      details_of (fault));
}

void
gst_realtime2_post_fault_warning (
    GstRealtime2 *self, const Rt2Fault *fault, const gchar *format, ...)
{
  Error error = error_of (fault->kind);
  gchar *text;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  gst_element_message_full_with_details (GST_ELEMENT (self),
      GST_MESSAGE_WARNING, error.domain, error.code, text,
      g_strdup (fault->debug), __FILE__, GST_FUNCTION, __LINE__,
      details_of (fault));
}

void
gst_realtime2_post_progress (
    GstRealtime2 *self, GstProgressType type, const gchar *text)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_progress (GST_OBJECT (self), type, "connect", text));
}
