#include "found.h"

#include <string.h>

#include "address.h"
#include "xalloc.h"

/* A place for the next item; its key keeps its room. */
static struct item *
next(struct found *f)
{
	size_t old = f->room;

	if (f->count == f->room) {
		f->room = f->room * 2 + 1;
		f->item = xreallocarray(f->item, f->room, sizeof(*f->item));
		memset(f->item + old, 0, (f->room - old) * sizeof(*f->item));
	}
	return &f->item[f->count++];
}

static void
set(struct item *i, const struct json_value *v, bool address)
{
	const char *p;
	size_t n;

	i->v = *v;
	i->is = LEFT_OUT;
	i->kind = record_key(v, &i->key);
	if (!address || i->kind != RECORD_KEY)
		return;
	p = i->key.p;
	n = i->key.n;
	address_in(&p, &n);
	memmove(i->key.p, p, n);
	i->key.n = n;
}

/* What an element of a list says; one that cannot have the rest of the path is wrong. */
static void
set_element(struct item *i, const struct ref *ref, const struct json_value *element)
{
	struct json_value v = { .kind = JSON_NONE };

	if (ref->tail == NULL) {
		set(i, element, ref->address);
	} else if (element->kind == JSON_OBJECT || element->kind == JSON_NULL) {
		json_path(element, ref->tail, &v);
		set(i, &v, ref->address);
	} else {
		i->v = *element;
		i->is = LEFT_OUT;
		i->kind = RECORD_WRONG;
	}
}

static void
gather_list(struct found *f, const struct ref *ref, const struct json_value *list)
{
	struct json_iter it = json_iter(list);
	struct json_value v;

	f->list = true;
	while (json_next(&it, NULL, &v)) {
		set_element(next(f), ref, &v);
		if (f->item[f->count - 1].kind == RECORD_BLANK)
			f->count--;
	}
}

static const char *
module_of(struct found *f, const struct ref *ref, const struct json *j)
{
	struct json_value v;

	if (ref->module != NULL)
		return ref->module;
	f->by.n = 0;
	if (!record_at(&ref->by, j, &v) || record_key(&v, &f->by) != RECORD_KEY)
		return NULL;
	return refs_module(ref, &f->by);
}

void
found_self(struct item *i, const struct record_path *id, const struct json *j)
{
	struct json_value v = { .kind = JSON_NONE };

	record_at(id, j, &v);
	set(i, &v, false);
}

void
found_gather(struct found *f, const struct ref *ref, const struct json *j)
{
	struct json_value v = { .kind = JSON_NONE };

	f->count = 0;
	f->module = module_of(f, ref, j);
	f->list = ref->each;
	record_at(&ref->path, j, &v);
	if (v.kind == JSON_ARRAY && (ref->each || ref->address)) {
		gather_list(f, ref, &v);
		return;
	}
	set(next(f), &v, ref->address);
	if (!ref->each)
		return;
	if (f->item[0].kind == RECORD_BLANK)
		f->count = 0;
	else
		f->item[0].kind = RECORD_WRONG;		/* [] in the path, and no list here */
}

bool
found_any(const struct found *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->item[i].is == KNOWN)
			return true;
	return false;
}

void
found_put_item(struct buf *b, const struct item *i, bool value)
{
	char id[GUID_TEXT + 1];

	buf_char(b, '{');
	if (i->is == KNOWN) {
		guid_text(&i->e.id, id);
		buf_str(b, "\"table\":\"");
		buf_json_text(b, i->e.table, strlen(i->e.table));
		buf_str(b, "\",\"id\":\"");
		buf_add(b, id, GUID_TEXT);
		buf_str(b, "\",\"how\":\"");
		buf_json_text(b, i->e.how, strlen(i->e.how));
		buf_char(b, '"');
	}
	if ((value && i->key.n > 0) || i->is == TEXT) {
		buf_str(b, i->is == KNOWN ? ",\"value\":" : "\"value\":");
		buf_json_string(b, i->key.p, i->key.n);
	}
	buf_char(b, '}');
}

void
found_put(struct buf *b, const struct ref *ref, const struct found *f)
{
	size_t i, count = 0;

	for (i = 0; i < f->count; i++) {
		if (f->item[i].is == LEFT_OUT)
			continue;
		if (count++ == 0) {
			buf_char(b, ',');
			buf_json_str(b, ref->name);
			buf_str(b, f->list ? ":[" : ":");
		} else {
			buf_char(b, ',');
		}
		found_put_item(b, &f->item[i], ref->address);
	}
	if (f->list && count > 0)
		buf_char(b, ']');
}
